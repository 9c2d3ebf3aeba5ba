import { useQuery } from "@tanstack/react-query";
import { memo, useState } from "react";
import { Link } from "wouter";
import { getEvents, useLedger } from "@/api/queries";
import type { WeirEvent } from "@/api/types";
import { useView } from "@/hooks/view";
import { eventKey } from "@/lib/events";
import { useToday } from "@/hooks/clock";
import { plural } from "@/lib/format";
import { EventPanel } from "@/parts/EventPanel";
import { EventsTable } from "@/parts/EventsTable";
import { TroubleNote } from "@/parts/Trouble";
import { useHeld } from "@/hooks/held";

const ROWS = 12;

/** The newest events. They never move under the pointer: they wait, and are counted. */
export const NewestEvents = memo(function NewestEvents() {
  const [search, change] = useView();
  const chosen = search.get("event");
  const [opened, setOpened] = useState<WeirEvent | null>(null);
  const today = useToday();
  const ledger = useLedger();
  const query = useQuery({
    queryKey: ["newest"],
    queryFn: ({ signal }) => getEvents({ filters: {}, limit: ROWS }, null, signal),
    refetchInterval: 2000,
  });
  const fresh = query.data?.items;
  const { shown, held, catchUp, handlers } = useHeld(fresh, chosen !== null);
  const admitted = ledger.data?.admitted ?? 0;
  const [countedAt, setCountedAt] = useState(admitted);
  if (!held && countedAt !== admitted) setCountedAt(admitted);
  const waiting = held ? Math.max(admitted - countedAt, 0) : 0;
  const arrived = useArrived(shown);

  const open = (event: WeirEvent) => {
    setOpened(event);
    change((s) => s.set("event", eventKey(event)), "replace");
  };
  const close = () => {
    setOpened(null);
    change((s) => s.delete("event"), "replace");
  };
  const panel = opened && eventKey(opened) === chosen ? opened : (shown?.find((e) => eventKey(e) === chosen) ?? null);

  return (
    <section className="wrap section" aria-labelledby="newest" {...handlers}>
      <div className="head">
        <h2 id="newest">Newest events</h2>
        <span className="quiet" aria-live="off">
          {held && shown && shown.length > 0 ? (
            waiting > 0 ? (
              <button
                type="button"
                className="text-button"
                onClick={() => {
                  catchUp();
                  setCountedAt(admitted);
                }}
              >
                {plural(waiting, "new event")}, show
              </button>
            ) : (
              "held still while you read"
            )
          ) : null}
        </span>
        <Link className="link end" href="/explore?range=15m">
          All events
        </Link>
      </div>
      {query.isError && !fresh ? (
        <TroubleNote error={query.error} what="the newest events" again={() => void query.refetch()} />
      ) : shown && shown.length > 0 ? (
        <EventsTable events={shown} chosen={chosen} open={open} now={today} label="Newest events" arrived={arrived} />
      ) : (
        shown && (
          <p className="empty">
            <b>No event has arrived yet.</b> Logins, new accounts, API requests and emails appear here as they happen. Turn the{" "}
            <Link className="link" href="/simulation">
              simulation
            </Link>{" "}
            on, or send events to <code>POST /api/v1/events</code>.
          </p>
        )
      )}
      <EventPanel event={panel} onClose={close} />
    </section>
  );
});

/** The rows that were not there before, when they are few enough to be followed. */
function useArrived(shown: readonly WeirEvent[] | undefined): ReadonlySet<string> {
  const [state, setState] = useState<{
    list: readonly WeirEvent[] | undefined;
    keys: ReadonlySet<string>;
    arrived: ReadonlySet<string>;
  }>({ list: undefined, keys: new Set(), arrived: new Set() });
  if (shown !== state.list) {
    const keys = new Set((shown ?? []).map(eventKey));
    const fresh = [...keys].filter((k) => !state.keys.has(k));
    setState({ list: shown, keys, arrived: state.list !== undefined && fresh.length <= 4 ? new Set(fresh) : new Set() });
  }
  return state.arrived;
}
