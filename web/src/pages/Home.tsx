import { memo, useCallback, useMemo, useState } from "react";
import { Link } from "wouter";
import { useLivePart } from "@/api/queries";
import type { Finding, Overview, Tile as TileData } from "@/api/types";
import { useEachSecond, useNow } from "@/hooks/clock";
import { useView } from "@/hooks/view";
import { trickleOf } from "@/charts/scale";
import { Sparkline } from "@/charts/Sparkline";
import { against, fullValue, metricWords, type Scale, steadyScale, times, type MetricWords } from "@/lib/metrics";
import { exact, hourMinute, inSentence, sinceWord } from "@/lib/format";
import { exploreLink, findingLink } from "@/lib/links";
import { type Range, readRange, windowOf, writeRange } from "@/lib/range";
import { AttackSwitch } from "@/parts/AttackSwitch";
import { Copy } from "@/parts/Copy";
import { FindingList } from "@/parts/FindingList";
import { worstFirst } from "@/parts/Level";
import { useBegan, usePast } from "@/parts/past";
import { RangePicker } from "@/parts/RangePicker";
import { NewestEvents } from "./home/NewestEvents";
import { OverTime, useFirstRange } from "./home/OverTime";
import { TopLists, WhatChanged } from "./home/Where";

export function HomePage() {
  const overview = useLivePart((s) => s.overview);
  const [search, change] = useView();
  const past = usePast();
  const first = useFirstRange(past);
  const chosen = useMemo(() => readRange(search), [search]);
  const range = chosen ?? first;
  const choose = useCallback((next: Range) => change((s) => writeRange(s, next)), [change]);
  const chooseMetric = useCallback((m: string) => change((s) => s.set("of", m), "replace"), [change]);
  const findings = worstFirst(overview?.findings ?? []);
  const worst = overview?.state === "normal" ? undefined : findings[0];
  const began = useBegan(overview, worst?.opened_at, loudest(overview));
  const metric = search.get("of") ?? loudest(overview) ?? "events";

  // Only where it explains why a chart is shorter than its name.
  const since = past?.since ?? null;
  const young = past && since !== null && range?.kind === "live" && past.at - since < windowOf(range).ms * 0.97;

  return (
    <>
      <StateBand overview={overview} worst={worst} />
      <OpenFindings findings={worst ? findings.slice(1) : findings} also={worst !== undefined} calm={overview?.state === "normal"} />
      <Tiles overview={overview} since={since} />
      <div className="wrap section columns">
        <section aria-labelledby="over-time">
          <div className="head">
            <h2 id="over-time">Over time</h2>
            {young && <span className="quiet">data since {sinceWord(since, past.at)}</span>}
            <div className="end">{range && <RangePicker range={range} choose={choose} />}</div>
          </div>
          {range ? <OverTime range={range} choose={choose} state={overview?.state ?? "normal"} past={past} /> : <p className="waiting">One moment</p>}
        </section>
        {range && <WhatChanged range={range} metric={metric} past={past} began={began} />}
      </div>
      {range && <TopLists range={range} metric={metric} chooseMetric={chooseMetric} past={past} began={began} />}
      <NewestEvents />
    </>
  );
}

/** Of what the lists show shares: what moved most while something is wrong. */
function loudest(overview: Overview | null): string | null {
  if (!overview || overview.state === "normal") return null;
  const counts = overview.tiles.filter((t) => metricWords(t.metric, t.label, t.unit).kind === "count" && (t.change ?? 0) >= 2);
  counts.sort((a, b) => (b.change ?? 0) - (a.change ?? 0));
  return counts[0]?.metric ?? null;
}

function StateBand({ overview, worst }: { overview: Overview | null; worst: Finding | undefined }) {
  const link = useLivePart((s) => s.link);
  const heardAt = useLivePart((s) => (s.link === "lost" ? s.heardAt : null));
  const state = overview?.state ?? "normal";
  // Words of this size do not flicker.
  const sentence = useEachSecond(overview?.sentence ?? "", overview === null ? null : state);
  // Read out when the state changes, not at each new number.
  const [told, setTold] = useState({ state, sentence: "" });
  if (sentence !== "" && (told.state !== state || told.sentence === "")) setTold({ state, sentence });
  if (!overview) {
    return (
      <section className="state" aria-live="polite">
        <h1>
          <span className="light">{link === "lost" ? "No numbers from Weir." : "Reading the numbers."}</span>
        </h1>
      </section>
    );
  }
  // What was true when Weir fell silent is no statement about now.
  if (heardAt !== null) {
    return (
      <section className="state">
        <h1>
          <span className="light">Unknown since {exact(heardAt).split(", ")[1]}. Before that: {sentence}</span>
        </h1>
      </section>
    );
  }
  const parts = /^([^.:;,]{1,40}\.)\s+(\S.*)$/s.exec(sentence);
  // In an alarm its first sentence is the headline; what else is unusual stands below it.
  const cut = sentence.search(/(?<=[.!]) +(?=[A-Z])/);
  const lead = cut > 0 && !worst ? sentence.slice(0, cut) : sentence;
  const also = cut > 0 && !worst ? sentence.slice(cut).trim() : "";
  const loud = loudest(overview);
  const words = loud === null ? null : metricWords(loud);
  const href = worst ? findingLink(worst.id) : exploreLink(words?.filters ?? {}, { kind: "live", name: "15m" });
  const hit = worst?.entities.filter((e) => e.role === "target" && e.kind === "user").map((e) => e.id) ?? [];
  return (
    <section className={`state ${state}`}>
      <h1>
        <Link href={href}>
          {state === "normal" && parts ? (
            <>
              {parts[1]} <span className="light">{parts[2]}</span>
            </>
          ) : state === "normal" ? (
            <span className="light">{sentence}</span>
          ) : (
            lead
          )}
        </Link>
      </h1>
      <p className="sr" role="status">
        Now: {told.sentence}
      </p>
      {state !== "normal" && (
        <div className="state-row">
          <p>
            {worst
              ? worst.recommendation
              : `${also} ${loud === null ? "The lists below show what the newest events share." : "What changed, below, shows what these events have in common."}`}
          </p>
          <div className="state-acts">
            {hit.length > 0 && <Copy className="button ghost" text={() => hit.join("\n")} label={hit.length === 1 ? "Copy the name" : `Copy the ${hit.length} names`} />}
            <Link className="button solid" href={href}>
              {worst ? "Open the finding" : words ? `See the ${inSentence(words.label)}` : "See the events"}
            </Link>
          </div>
        </div>
      )}
    </section>
  );
}

function OpenFindings({ findings, also, calm }: { findings: Finding[]; also: boolean; calm: boolean }) {
  return (
    <section className="wrap section tight" aria-labelledby="open-findings">
      <div className="head findings-head">
        <h2 id="open-findings">{also ? "Also open" : "Open findings"}</h2>
        <span className="quiet">
          {findings.length > 0
            ? `${findings.length === 1 ? "1 finding" : `${findings.length} findings, worst first`}`
            : also
              ? "Nothing else."
              : !calm
                ? "None yet. The numbers tell that something is off; nothing names who is behind it."
                : "None. To see what an attack does to this page, play one."}
        </span>
        <div className="end">
          <AttackSwitch />
        </div>
      </div>
      {findings.length > 0 && <FindingList findings={findings.slice(0, 6)} />}
    </section>
  );
}

function Tiles({ overview, since }: { overview: Overview | null; since: number | null }) {
  const second = useNow();
  // Numbers change four times a second; no line moves by a pixel in that time.
  const lines = useEachSecond(overview?.tiles ?? [], overview === null);
  if (!overview) return null;
  const first = beginOfLines(overview.tiles);
  const learning = overview.tiles.every((t) => t.baseline === null);
  const back = first > 0 && first < 60 ? `to ${hourMinute((Math.floor(second / 60_000) - 59 + first) * 60_000)}` : "an hour";
  return (
    <section className="wrap section tight" aria-labelledby="now">
      <div className="head">
        <h2 id="now">{learning ? "Now" : "Now, against the usual"}</h2>
        <span className="quiet only-desk">
          {learning
            ? since === null
              ? "the last 60 seconds; nothing has arrived yet"
              : `the last 60 seconds; data since ${hourMinute(since)}, what is usual is learned within a minute`
            : `the last 60 seconds; the line goes back ${back}, the grey band is the usual`}
        </span>
      </div>
      <div className="tiles">
        {overview.tiles.map((t, i) => (
          <Tile key={t.metric} tile={t} line={lines[i]?.sparkline ?? t.sparkline} first={first} state={overview.state} learning={learning} />
        ))}
      </div>
    </section>
  );
}

/** The first minute that counts: what came late from before the beginning is no data, and the minute of the beginning is no whole one. */
function beginOfLines(tiles: readonly TileData[]): number {
  const events = tiles.find((t) => t.metric === "events")?.sparkline ?? [];
  const trickle = trickleOf(events);
  const first = events.findIndex((v) => (v ?? 0) > trickle);
  return first < 0 ? events.length : first === 0 ? 0 : first + 1;
}

function typicalOf(tile: TileData): number | null {
  if (tile.baseline !== null) return tile.baseline;
  const seen = tile.sparkline.filter((v): v is number => v !== null).sort((a, b) => a - b);
  return seen[seen.length >> 1] ?? tile.value;
}

/** Of counts that are told as a multiple: at least so many in a minute, on one side or the other. */
const TELLING = 10;

interface TileProps {
  tile: TileData;
  line: TileData["sparkline"];
  first: number;
  state: Overview["state"];
  learning: boolean;
}

const Tile = memo(function Tile({ tile, line, first, state, learning }: TileProps) {
  const words = metricWords(tile.metric, tile.label, tile.unit);
  const [typical] = useState(() => typicalOf(tile));
  const scale = steadyScale(words, tile.baseline, typical);
  const few = words.kind === "count" && Math.max(tile.value ?? 0, tile.baseline ?? 0) * 60 < TELLING;
  const stands = few ? "learning" : against(tile.baseline, tile.change);
  const off = state !== "normal" && tile.change !== null && tile.change >= 2 && !few;
  return (
    <Link
      className={`tile s-${words.colour} ${off ? `off ${state}` : ""}`}
      href={words.filters === null ? "/quality" : exploreLink(words.filters, { kind: "live", name: "15m" })}
      title={tile.value === null ? `too few in the last 60 seconds to tell a share` : `${fullValue(words.kind, tile.value)} in the last 60 seconds`}
    >
      <span className="tile-label cut">{tile.label}</span>
      <span className={tile.value === null ? "tile-value none" : "tile-value"}>
        {tile.value === null ? "–" : scale.write(tile.value)}
        {scale.unit !== "" && tile.value !== null && <i>{scale.unit}</i>}
      </span>
      <Sparkline values={line} first={first} baseline={tile.baseline} />
      <span className="tile-usual">
        <Usual tile={tile} words={words} scale={scale} stands={stands} learning={learning} />
      </span>
    </Link>
  );
});

function Usual(props: { tile: TileData; words: MetricWords; scale: Scale; stands: ReturnType<typeof against>; learning: boolean }) {
  const { tile, words, scale, stands, learning } = props;
  if (tile.baseline === null) return <>{tile.value === null && tile.sparkline.every((v) => v === null) ? "no data yet" : learning ? "learning" : "no usual yet"}</>;
  const usual = `${scale.write(tile.baseline)}${words.kind === "ratio" ? "\u00a0%" : ""}`;
  if (stands === "learning" || tile.change === null) return tile.baseline === 0 ? <>usually none</> : <>usual {usual}</>;
  if (stands === "usual") return <>as usual ({usual})</>;
  return (
    <>
      <b>{times(tile.change)}</b> usual ({usual})
    </>
  );
}

