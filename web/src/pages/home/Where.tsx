import { memo } from "react";
import { Link } from "wouter";
import { useTop } from "@/api/queries";
import type { Top } from "@/api/types";
import { keyWords, kindOfField, program } from "@/lib/events";
import { isFilterField, type Filters } from "@/lib/filters";
import { FEW } from "@/charts/scale";
import { hourMinute, inSentence, percent, sinceWord, whole } from "@/lib/format";
import { entityLink, exploreLink } from "@/lib/links";
import { metricWords } from "@/lib/metrics";
import { iso, type Range, type RangeName, windowOf } from "@/lib/range";
import type { Past } from "@/parts/past";
import { TroubleNote } from "@/parts/Trouble";

interface Dimension {
  name: string;
  title: string;
  one: string;
}

const DIMENSIONS = [
  { name: "ip", title: "Addresses", one: "address" },
  { name: "asn", title: "Networks", one: "network" },
  { name: "country", title: "Countries", one: "country" },
  { name: "path", title: "Paths", one: "path" },
  { name: "email_domain", title: "Email domains", one: "email domain" },
  { name: "user_agent", title: "Programs", one: "program" },
] as const satisfies readonly Dimension[];

/** Of what shares can be shown. */
const OF = ["events", "login_failures", "signups", "password_resets", "api_requests", "api_errors", "emails", "email_bounces"];

interface Windows {
  now: { from: string; to: string };
  before: { from: string; to: string };
  /** The same, for a page that is looked at now. */
  beforeMs: (now: number) => [from: number, to: number];
  nowWords: string;
  beforeWords: string;
}

/**
 * What is shown, and the hour (or for longer stretches the same length) before it. Once something is wrong, before is
 * before it `began`: compared with itself an attack would soon be nothing new.
 */
function windowsOf(range: Range, began: number | null): Windows {
  const hour = 3_600_000;
  if (began !== null && range.kind === "live" && (range.name === "15m" || range.name === "1h")) {
    const recent = range.name === "15m";
    return {
      now: { from: recent ? "now-1m" : iso(began), to: "now" },
      before: { from: iso(began - hour), to: iso(began) },
      beforeMs: () => [began - hour, began],
      nowWords: recent ? "in the last minute" : `since ${hourMinute(began)}`,
      beforeWords: `before ${hourMinute(began)}`,
    };
  }
  // Beside the last 15 minutes the lists tell of the last one, as the tiles do: an attack shows in them within seconds.
  if (range.kind === "live" && range.name === "15m") {
    return {
      now: { from: "now-1m", to: "now" },
      before: { from: "now-61m", to: "now-1m" },
      beforeMs: (now) => [now - 61 * 60_000, now - 60_000],
      nowWords: "in the last minute",
      beforeWords: "the hour before",
    };
  }
  const w = windowOf(range);
  const beforeMs = Math.max(w.ms, 3_600_000);
  const beforeWords = w.ms <= 3_600_000 ? "the hour before" : "the same time before";
  if (range.kind === "fixed") {
    return {
      now: { from: w.from, to: w.to },
      before: { from: iso(range.from - beforeMs), to: iso(range.from) },
      beforeMs: () => [range.from - beforeMs, range.from],
      nowWords: "in this stretch",
      beforeWords,
    };
  }
  const back: Record<Exclude<RangeName, "15m">, [string, string, string]> = {
    "1h": ["now-2h", "now-1h", "in the last hour"],
    "6h": ["now-12h", "now-6h", "in the last 6 hours"],
    "24h": ["now-48h", "now-24h", "in the last 24 hours"],
    "7d": ["now-14d", "now-7d", "in the last 7 days"],
  };
  const [from, to, nowWords] = back[range.name as Exclude<RangeName, "15m">];
  return { now: { from: w.from, to: "now" }, before: { from, to }, beforeMs: (now) => [now - 2 * w.ms, now - w.ms], nowWords, beforeWords };
}

interface Share {
  dimension: Dimension;
  key: string;
  share: number;
  /** How many events that is, of how many. */
  events: number;
  of: number;
  /** Null where nothing is known about before. */
  was: number | null;
}

/** While something is wrong; else a third as often. Addresses, paths and programs are counted from the events themselves, which takes longer the longer the stretch is. */
const EVERY_MS: Record<RangeName, number> = { "15m": 5000, "1h": 20_000, "6h": 60_000, "24h": 150_000, "7d": 300_000 };

function useShares(dimension: Dimension, metric: string, range: Range, began: number | null, compare: boolean) {
  const w = windowsOf(range, began);
  const every = range.kind === "fixed" ? false : EVERY_MS[range.name] * (began === null ? 3 : 1);
  const now = useTop({ dimension: dimension.name, metric, ...w.now, limit: 7 }, every);
  const before = useTop({ dimension: dimension.name, metric, ...w.before, limit: 200 }, every === false || began !== null ? false : Math.max(every * 3, 60_000), compare);
  return { dimension, now, shares: sharesOf(dimension, now.data, compare ? before.data : undefined) };
}

export function sharesOf(dimension: Dimension, now: Top | undefined, before: Top | undefined): Share[] {
  const was = new Map((before?.items ?? []).map((i) => [i.key, i.share]));
  const of = totalOf(now);
  const something = totalOf(before) >= FEW;
  return (now?.items ?? [])
    .filter((i) => i.share !== null)
    .map((i) => ({ dimension, key: i.key, share: i.share ?? 0, events: i.value, of, was: something ? (was.get(i.key) ?? 0) : null }));
}

/** Of how many events the shares of a list are; the largest tells it best. */
function totalOf(top: Top | undefined): number {
  const first = top?.items.find((i) => (i.share ?? 0) > 0);
  return first ? Math.round(first.value / (first.share ?? 1)) : 0;
}

function useAllShares(range: Range, metric: string, began: number | null, compare: boolean) {
  const a = useShares(DIMENSIONS[0], metric, range, began, compare);
  const b = useShares(DIMENSIONS[1], metric, range, began, compare);
  const c = useShares(DIMENSIONS[2], metric, range, began, compare);
  const d = useShares(DIMENSIONS[3], metric, range, began, compare);
  const e = useShares(DIMENSIONS[4], metric, range, began, compare);
  const f = useShares(DIMENSIONS[5], metric, range, began, compare);
  return [a, b, c, d, e, f];
}

/** Whether there is a past to compare with, and how it is called. */
function comparisonOf(range: Range, past: Past | undefined, began: number | null): { compare: boolean; beforeWords: string; since: number | null } {
  const w = windowsOf(range, began);
  const since = past?.since ?? null;
  if (!past || since === null) return { compare: false, beforeWords: w.beforeWords, since };
  const [from, to] = w.beforeMs(past.at);
  const enough = began !== null || (range.kind === "live" && range.name === "15m") ? 60_000 : (to - from) / 10;
  const compare = past.knownMs(from, to) >= enough;
  return { compare, beforeWords: began === null && since > from + (to - from) / 10 ? `before, since ${sinceWord(since, past.at)}` : w.beforeWords, since };
}

function shareOf(beforeWords: string): string {
  return beforeWords.startsWith("before") ? beforeWords : `of ${beforeWords}`;
}

/** The largest changes of share over all dimensions: the traits that set these events apart. */
export function movers(shares: readonly Share[]): Share[] {
  return shares
    // A share of three events says nothing.
    .filter((s) => s.was !== null && s.of >= FEW && (s.events >= 5 || s.was * s.of >= 5))
    .sort((x, y) => Math.abs(y.share - (y.was ?? 0)) - Math.abs(x.share - (x.was ?? 0)))
    .slice(0, 7);
}

export const WhatChanged = memo(function WhatChanged({ range, metric, past, began }: { range: Range; metric: string; past: Past | undefined; began: number | null }) {
  const { compare, beforeWords, since } = comparisonOf(range, past, began);
  const all = useAllShares(range, metric, began, compare);
  const w = windowsOf(range, began);
  const words = metricWords(metric);
  const found = movers(all.flatMap((a) => a.shares));
  const waiting = all.some((a) => a.now.isPending);
  const still = found.length > 0 && found.every((s) => Math.max(s.share, s.was ?? 0) < 1.3 * Math.min(s.share, s.was ?? 0));
  return (
    <section aria-labelledby="what-changed">
      <div className="head">
        <h2 id="what-changed">What changed</h2>
        <span className="quiet">{w.nowWords}{still && ", nothing by more than 1.3×"}</span>
      </div>
      {found.length > 0 ? (
        <>
          <p className="quiet moved-note">
            Share of {inSentence(words.label)}. The tick is the share {shareOf(beforeWords)}.
          </p>
          <Bars shares={found} metric={metric} range={range} withKind />
        </>
      ) : (
        <p className="empty">
          {waiting || !past
            ? "Reading the lists."
            : since !== null && !compare
              ? `Weir has data since ${sinceWord(since, past.at)}: too little to compare with. What makes up a larger or smaller part than before will stand here.`
              : `Too few ${inSentence(words.label)} to compare with ${w.beforeWords}. What makes up a larger or smaller part than before will stand here.`}
        </p>
      )}
    </section>
  );
});

export const TopLists = memo(function TopLists(props: { range: Range; metric: string; chooseMetric: (metric: string) => void; past: Past | undefined; began: number | null }) {
  const { range, metric, chooseMetric, past, began } = props;
  const { compare, beforeWords } = comparisonOf(range, past, began);
  const all = useAllShares(range, metric, began, compare);
  const w = windowsOf(range, began);
  const options = OF.includes(metric) ? OF : [metric, ...OF];
  const broken = all.filter((a) => a.now.isError && !a.now.data);
  const allBroken = broken.length > 1 ? broken[0] : undefined;
  const allEmpty = all.every((a) => a.now.data !== undefined && a.shares.length === 0);
  return (
    <section className="wrap section" aria-labelledby="where">
      <div className="head">
        <h2 id="where">Where from, where to</h2>
        <label className="quiet of-label">
          share of{" "}
          <select className="field" value={metric} onChange={(e) => chooseMetric(e.target.value)}>
            {options.map((m) => (
              <option key={m} value={m}>
                {inSentence(metricWords(m).label)}
              </option>
            ))}
          </select>{" "}
          {w.nowWords}{compare && `; the tick is the share ${shareOf(beforeWords)}`}
        </label>
      </div>
      {allBroken !== undefined ? (
        <TroubleNote error={allBroken.now.error} what="these lists" again={() => all.forEach((a) => void a.now.refetch())} />
      ) : allEmpty ? (
        <p className="empty">
          No {inSentence(metricWords(metric).label)} {w.nowWords}. Addresses, networks, countries, paths, email domains and programs will be listed here
          by their share, beside the share that they had {w.beforeWords === "the hour before" ? "in the hour before" : "before"}.
        </p>
      ) : (
      <div className="lists">
        {/* Logins have no paths: a list that cannot have anything in it is left out. */}
        {all.filter((a) => a.shares.length > 0 || a.now.isError).map((a) => (
          <div key={a.dimension.name}>
            <h3>{a.dimension.title}</h3>
            {a.now.isError && !a.now.data ? (
              <TroubleNote error={a.now.error} what={`the list of ${a.dimension.title.toLowerCase()}`} />
            ) : (
              <Bars shares={a.shares} metric={metric} range={range} />
            )}
          </div>
        ))}
      </div>
      )}
    </section>
  );
});

function Bars({ shares, metric, range, withKind = false }: { shares: readonly Share[]; metric: string; range: Range; withKind?: boolean }) {
  const words = metricWords(metric);
  // The longest bar fills its cell, so that small shares can be told apart.
  const full = Math.max(...shares.map((s) => Math.max(s.share, s.was ?? 0)), 0.001);
  const compared = shares.some((s) => s.was !== null);
  return (
    <table className={`bars s-${words.colour} ${withKind ? "movers" : ""}`}>
      <tbody>
        {shares.map((s) => (
          <tr key={`${s.dimension.name} ${s.key}`}>
            <td className="bar-name" title={s.key}>
              <span className="bar-key cut">
                <KeyName share={s} filters={words.filters ?? {}} range={range} />
              </span>
              {withKind && <small className="quiet">{s.dimension.one}</small>}
            </td>
            <td className="bar-cell">
              <div className="bar" aria-hidden="true">
                <i style={{ width: `${(s.share / full) * 100}%` }} />
                {s.was !== null && <u style={{ left: `${(s.was / full) * 100}%` }} />}
              </div>
            </td>
            {/* One in five is no 20 %. */}
            <td className="bar-share strong" title={`${whole(s.events)} of ${whole(s.of)}`}>
              {s.of < FEW ? `${whole(s.events)} of ${whole(s.of)}` : percent(s.share)}
            </td>
            {compared && <td className="bar-was">{s.was === null ? "" : s.was === 0 ? "was none" : `was ${percent(s.was)}`}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A name leads to its entity where there is one, else to its events. */
function KeyName({ share, filters, range }: { share: Share; filters: Filters; range: Range }) {
  const { name } = share.dimension;
  const text = keyWords(name, share.key);
  const kind = kindOfField(name);
  if (share.key === "(other)" || share.key === "") return <span>{text}</span>;
  if (kind && kind !== "country" && kind !== "email_domain")
    return (
      <Link className="name" href={entityLink(kind, share.key)}>
        {text}
      </Link>
    );
  if (isFilterField(name))
    return (
      <Link className="name" href={exploreLink({ ...filters, [name]: [share.key] }, range)}>
        {text}
      </Link>
    );
  return <span title={share.key}>{program(share.key)}</span>;
}
