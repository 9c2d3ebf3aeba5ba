import { memo, useRef } from "react";
import { Link } from "wouter";
import type { WeirEvent } from "@/api/types";
import { useKeys } from "@/hooks/keys";
import { account, countryName, eventKey, field, happened, remark } from "@/lib/events";
import { clock, exact, shortTime } from "@/lib/format";
import { entityLink } from "@/lib/links";

interface Props {
  events: readonly WeirEvent[];
  chosen: string | null;
  open: (event: WeirEvent) => void;
  /** A moment of today: times of other days are told with their day. */
  now: number;
  label: string;
  /** Identities that are new since the last drawing; they slide in once. */
  arrived?: ReadonlySet<string>;
  /** A column that would say the same in every row. */
  without?: "account" | "ip" | "country" | "asn" | undefined;
}

/** Events as rows. `j` and `k` move, Enter opens; names lead to their entity. */
export const EventsTable = memo(function EventsTable({ events, chosen, open, now, label, arrived, without }: Props) {
  const body = useRef<HTMLTableSectionElement>(null);
  const move = (step: number): boolean => {
    const buttons = [...(body.current?.querySelectorAll<HTMLButtonElement>(".event-open") ?? [])];
    if (buttons.length === 0) return false;
    const focused = buttons.findIndex((b) => b === document.activeElement);
    const opened = events.findIndex((e) => eventKey(e) === chosen);
    const from = focused >= 0 ? focused : opened;
    const to = Math.min(Math.max(from + step, 0), buttons.length - 1);
    buttons[to]?.focus();
    buttons[to]?.scrollIntoView({ block: "nearest" });
    const event = events[to];
    // While one is open beside the list, moving opens the next.
    if (chosen !== null && event) open(event);
    return true;
  };
  useKeys({ j: () => move(1), k: () => move(-1) });

  return (
    <div className="events-box">
    <table className={`table fixed events-table ${without === undefined ? "" : `no-${without}`}`} aria-label={label}>
      <thead>
        <tr>
          <th scope="col" className="c-time">
            Time <span className="only-desk">(UTC)</span>
          </th>
          <th scope="col" className="c-what">What happened</th>
          <th scope="col" className="c-account">Account</th>
          <th scope="col" className="c-ip far">Address</th>
          <th scope="col" className="c-country far">Country</th>
          <th scope="col" className="c-asn far">Network</th>
          <th scope="col" className="c-remark far">Why, or with what</th>
        </tr>
      </thead>
      <tbody ref={body}>
        {events.map((event) => {
          const key = eventKey(event);
          const time = Date.parse(event.time);
          const { what, outcome, failed } = happened(event);
          const user = account(event);
          const ip = field(event, "ip");
          const asn = field(event, "asn");
          const country = field(event, "country");
          return (
            // The row is a larger target for the button in it, which the keyboard uses.
             
            <tr
              key={key}
              className={`${key === chosen ? "chosen" : ""} ${arrived?.has(key) === true ? "arrives" : ""}`}
              onClick={(e) => {
                if (!(e.target as Element).closest("a,button")) open(event);
              }}
            >
              <td title={exact(time, true)}>
                <span className="only-desk">{shortTime(time, now, true)}</span>
                <span className="only-phone">{clock(time)}</span>
              </td>
              <td>
                <button type="button" className="event-open" onClick={() => open(event)} title={`${what} ${outcome}`.trim()}>
                  {what} {outcome !== "" && <span className={failed ? "failed" : "quiet"}>{outcome}</span>}
                </button>
              </td>
              <td className="c-account" title={user === "" ? undefined : user}>
                {user === "" ? <span className="quiet">–</span> : <Link className="name" href={entityLink("user", user)}>{user}</Link>}
              </td>
              <td className="far c-ip" title={ip}>
                {ip !== "" && <Link className="name" href={entityLink("ip", ip)}>{ip}</Link>}
              </td>
              <td className="far c-country" title={countryName(country)}>
                {country !== "" && <Link className="name" href={entityLink("country", country)}>{country}</Link>}
              </td>
              <td className="far c-asn">{asn !== "" && <Link className="name" href={entityLink("asn", asn)}>AS{asn}</Link>}</td>
              <td className="far soft c-remark" title={remark(event)}>{remark(event)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
    </div>
  );
});
