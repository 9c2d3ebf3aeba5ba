import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import { Trouble } from "@/api/problem";
import { getEvents, useEntity } from "@/api/queries";
import type { Entity, EntityKind, WeirEvent } from "@/api/types";
import { type Lane, Lanes } from "@/charts/Lanes";
import { useView } from "@/hooks/view";
import { EVENT_TYPES, eventKey, field, FIELD_OF_KIND, happened, isEntityKind, keyWords, KIND_WORDS, typeWord } from "@/lib/events";
import { useNow, useToday } from "@/hooks/clock";
import { exact, plural, shortTime, whole } from "@/lib/format";
import { entityLink, exploreLink } from "@/lib/links";
import type { Range } from "@/lib/range";
import { Copy } from "@/parts/Copy";
import { EventPanel } from "@/parts/EventPanel";
import { EventsTable } from "@/parts/EventsTable";
import { FindingList } from "@/parts/FindingList";
import { Level } from "@/parts/Level";
import { TroubleNote } from "@/parts/Trouble";
import { ExploreChart } from "./explore/ExploreChart";
import { NotFoundPage } from "./NotFound";

const RECENT = 200;
const SHOWN = 20;
/** Weir names at most so many of a kind; how many there are, it does not say. */
const LINKED_LIMIT = 5;
const COLUMN_OF: Partial<Record<EntityKind, "account" | "ip" | "country" | "asn">> = { user: "account", ip: "ip", country: "country", asn: "asn" };

/** `path`: the id where a link, made by hand, has it in its path. */
export function EntityPage({ kind, id: path }: { kind: string; id: string | null }) {
  const [search] = useView();
  const id = search.get("id") ?? path ?? "";
  if (!isEntityKind(kind) || id === "") return <NotFoundPage />;
  return <Known key={`${kind} ${id}`} kind={kind} id={id} />;
}

function Known({ kind, id }: { kind: EntityKind; id: string }) {
  const entity = useEntity(kind, id);
  const filters = useMemo(() => ({ [FIELD_OF_KIND[kind]]: [id] }), [kind, id]);
  const [chosen, setRange] = useState<Range | null>(null);
  const [opened, setOpened] = useState<WeirEvent | null>(null);
  const now = useNow(60_000);
  const today = useToday();
  // Also where Weir keeps no entities yet: its newest events tell most of what there is to know.
  const recent = useQuery({
    queryKey: ["entity-events", kind, id],
    queryFn: ({ signal }) => getEvents({ filters, limit: RECENT }, null, signal),
    refetchInterval: opened ? false : 10_000,
  });
  const events = recent.data?.items ?? [];
  const e = entity.data;
  // Something that began minutes ago would be a speck at the end of a day.
  const oldest = Date.parse(events.at(-1)?.time ?? "");
  const young = recent.data !== undefined && now - oldest < 50 * 60_000;
  const range = chosen ?? { kind: "live", name: young ? "1h" : "24h" };
  const missing = entity.error instanceof Trouble && (entity.error.status === 404 || entity.error.status === 501);
  if (recent.isError && !recent.data && !e)
    return (
      <div className="wrap section">
        <TroubleNote error={recent.error} what={`${KIND_WORDS[kind].one.toLowerCase()} ${id}`} again={() => void recent.refetch()} />
      </div>
    );
  if (recent.data && events.length === 0 && !e && (missing || entity.isError))
    return (
      <div className="page-hero">
        <h1 className="page-title">
          No {KIND_WORDS[kind].one.toLowerCase()} {id} was ever seen.
        </h1>
        <p className="under">
          <span>
            Check the spelling, or search for a part of it with the key <kbd>/</kbd>
          </span>
        </p>
      </div>
    );

  const more = recent.data?.next_cursor != null;
  const failures = failuresOf(kind, events, more);
  // So few that each can be seen: then a line of how many there are says less than the events themselves.
  const lanes = recent.data && events.length > 0 && !more ? lanesOf(events, filters) : null;
  const end = Math.max(now, Date.parse(events[0]?.time ?? "") || 0);
  const begin = Math.min(oldest - (end - oldest) / 25, end - 600_000);
  const lastSeen = e?.last_seen ?? events[0]?.time;
  const firstSeen = e?.first_seen ?? (more ? undefined : events.at(-1)?.time);
  const risk = e?.risk?.score ?? 0;
  return (
    <>
      <div className={`page-hero ${risk >= 70 ? "wash-attack" : ""}`}>
        <div className="crumbs">
          <Link className="name" href="/">Home</Link> / <Link className="name" href="/explore">Explore</Link> / <span>{KIND_WORDS[kind].one}</span>
        </div>
        <div className="head">
          <h1 className="page-title">{keyWords(FIELD_OF_KIND[kind], id)}</h1>
          <span className="end line">
            <Copy className="button" text={() => id} label="Copy the name" />
            <Link className="button" href={exploreLink(filters, { kind: "live", name: "24h" })}>
              See its events
            </Link>
          </span>
        </div>
        <div className="under">
          {failures !== null && <b>{failures}</b>}
          {/* A nought without a reason is no judgement: nothing has looked yet. */}
          {e?.risk && (risk > 0 || e.risk.reasons.length > 0) && (risk >= 30 ? <Level alarm={risk >= 70 ? "attack" : "elevated"} word={`Risk ${risk} of 100`} /> : <span>Risk {risk} of 100</span>)}
          {firstSeen !== undefined && <span title={exact(Date.parse(firstSeen))}>first seen {shortTime(Date.parse(firstSeen), now)}</span>}
          {lastSeen !== undefined && <span title={exact(Date.parse(lastSeen))}>last seen {shortTime(Date.parse(lastSeen), now)} UTC</span>}
        </div>
      </div>
      <div className="wrap section columns">
        <div>
          {lanes ? (
            <section aria-labelledby="by-kind">
              <div className="head">
                <h2 id="by-kind">What it did, by kind</h2>
                <span className="quiet">all {plural(events.length, "event")}, a mark for each</span>
              </div>
              <Lanes lanes={lanes} from={begin} to={end} />
            </section>
          ) : (
            <section aria-label="Over time">
              <ExploreChart filters={filters} range={range} choose={setRange} />
            </section>
          )}
          <section className="section" aria-labelledby="its-events">
            <div className="head">
              <h2 id="its-events">Newest events</h2>
              {more && <span className="quiet">the newest {SHOWN}</span>}
              <Link className="link end" href={exploreLink(filters, { kind: "live", name: "24h" })}>
                All of them
              </Link>
            </div>
            {recent.data ? (
              <EventsTable events={events.slice(0, SHOWN)} chosen={opened ? eventKey(opened) : null} open={setOpened} now={today} label="Its newest events" without={COLUMN_OF[kind]} />
            ) : (
              <p className="waiting">Reading its events</p>
            )}
          </section>
        </div>
        <div>
          {!lanes && <Counts entity={e} events={events} more={more} filters={filters} />}
          {e?.risk && e.risk.reasons.length > 0 && (
            <section className="section">
              <h2>Why {e.risk.score}</h2>
              <ul className="reasons">
                {e.risk.reasons.map((r, i) => (
                  <li key={i}>
                    <b>{typeof r === "string" ? "" : (r.points ?? "")}</b>
                    <span>{typeof r === "string" ? r : (r.sentence ?? r.reason ?? "")}</span>
                  </li>
                ))}
              </ul>
            </section>
          )}
          <Linked kind={kind} entity={e} events={events} more={more} first={lanes !== null} />
          {e && e.findings.length > 0 && (
            <section className="section">
              <h2>Findings</h2>
              <FindingList findings={e.findings} />
            </section>
          )}
        </div>
      </div>
      <EventPanel event={opened} onClose={() => setOpened(null)} />
    </>
  );
}

/** The first thing to know of somebody: whether logins fail, and how widely. Null where few did. */
export function failuresOf(kind: EntityKind, events: readonly WeirEvent[], more: boolean): string | null {
  const failed = events.filter((e) => e.type === "account.login" && happened(e).failed);
  const logins = events.filter((e) => e.type === "account.login").length;
  // People mistype: a failure now and then is nothing to begin with.
  if (failed.length < 3 || failed.length < logins / 5) return null;
  const entered = new Set(events.filter((e) => e.type === "account.login" && !happened(e).failed).map((e) => field(e, "user_id"))).size;
  const differ = (name: string) => new Set(failed.map((e) => field(e, name)).filter((v) => v !== "")).size;
  const wide =
    kind === "user" ? `from ${plural(differ("ip"), "address", "addresses")}` : `on ${plural(differ("user_id"), "account")}`;
  const then = kind === "user" || entered === 0 ? "" : `, ${plural(entered, "account")} logged in`;
  return `${more ? `In its newest ${whole(events.length)} events: ` : ""}${plural(failed.length, "failed login")} ${wide}${then}`;
}

const COLOURS: Record<string, string> = {
  "account.signup": "signup",
  "account.login": "login",
  "account.password_change": "reset",
  "account.password_reset": "reset",
  "account.mfa": "mfa",
  "api.request": "api",
  "email.send": "email",
};

export function lanesOf(events: readonly WeirEvent[], filters: Record<string, string[]>): Lane[] {
  return EVENT_TYPES.flatMap((type) => {
    const of = events.filter((e) => e.type === type);
    if (of.length === 0) return [];
    const times = (failed: boolean) => of.filter((e) => happened(e).failed === failed).map((e) => Date.parse(e.time));
    return [
      {
        key: type,
        title: typeWord(type),
        href: exploreLink({ ...filters, type: [type] }, { kind: "live", name: "24h" }),
        colour: COLOURS[type] ?? "total",
        marks: times(false),
        failed: times(true),
      },
    ];
  });
}

function Counts({ entity, events, more, filters }: { entity: Entity | undefined; events: readonly WeirEvent[]; more: boolean; filters: Record<string, string[]> }) {
  const counts = entity?.counts ?? countsOf(events);
  const rows = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  const most = Math.max(...rows.map(([, n]) => n), 1);
  return (
    <section aria-labelledby="does">
      <div className="head">
        <h2 id="does">What it does</h2>
        {!entity && more && <span className="quiet">of its newest {whole(events.length)} events</span>}
      </div>
      <ul className="counts">
        {rows.map(([type, n]) => (
          <li key={type}>
            <Link className="name" href={exploreLink({ ...filters, type: [type] }, { kind: "live", name: "24h" })}>
              {typeWord(type)}
            </Link>
            <div className="bar" aria-hidden="true">
              <i style={{ width: `${(n / most) * 100}%` }} />
            </div>
            <span className="num">{whole(n)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function countsOf(events: readonly WeirEvent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const e of events) counts[e.type] = (counts[e.type] ?? 0) + 1;
  return counts;
}

interface LinkedRow {
  kind: EntityKind;
  id: string;
  events: number;
}

/** What occurs in the same events. */
export function linkedOf(kind: EntityKind, events: readonly WeirEvent[]): LinkedRow[] {
  const found = new Map<string, LinkedRow>();
  for (const event of events) {
    for (const [other, name] of Object.entries(FIELD_OF_KIND) as [EntityKind, string][]) {
      const value = event.data[name];
      if (other === kind || (typeof value !== "string" && typeof value !== "number") || value === "") continue;
      const key = `${other} ${value}`;
      const row = found.get(key) ?? { kind: other, id: String(value), events: 0 };
      row.events += 1;
      found.set(key, row);
    }
  }
  return [...found.values()].sort((a, b) => b.events - a.events);
}

function Linked(props: { kind: EntityKind; entity: Entity | undefined; events: readonly WeirEvent[]; more: boolean; first: boolean }) {
  const { kind, entity, events, more, first } = props;
  const rows = entity?.linked ?? linkedOf(kind, events);
  const kinds = (Object.keys(FIELD_OF_KIND) as EntityKind[]).filter((k) => rows.some((r) => r.kind === k));
  if (rows.length === 0) return null;
  return (
    <section className={first ? "" : "section"} aria-labelledby="linked">
      <div className="head">
        <h2 id="linked">Seen together with</h2>
        {!entity && more && <span className="quiet">in its newest {whole(events.length)} events</span>}
      </div>
      {kinds.map((k) => {
        const of = rows.filter((r) => r.kind === k);
        return (
          <div key={k} className="linked">
            <h3 className="quiet">{of.length === 1
                ? KIND_WORDS[k].one
                : entity && of.length >= LINKED_LIMIT
                  ? `${KIND_WORDS[k].many}, most often`
                  : `${whole(of.length)} ${KIND_WORDS[k].many.toLowerCase()}`}</h3>
            <ul>
              {of.slice(0, 6).map((r) => (
                <li key={r.id}>
                  <Link className="name cut" href={entityLink(k, r.id)} title={r.id}>
                    {keyWords(FIELD_OF_KIND[k], r.id)}
                  </Link>
                  <span className="quiet nowrap">{plural(r.events, "event")}</span>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </section>
  );
}
