import { useQuery } from "@tanstack/react-query";
import { getEvents, useMetrics, useSeries } from "@/api/queries";
import type { Point } from "@/api/types";
import { beginOf, knownFrom, middle, samplesOf, type Samples, scaledBy } from "@/charts/scale";
import { TimeStack } from "@/charts/TimeStack";
import { useNow } from "@/hooks/clock";
import { type Filters, metricOf } from "@/lib/filters";
import { clock, whole } from "@/lib/format";
import { metricWords, scaleFor } from "@/lib/metrics";
import { everyOf, type Range, STEP_MS, windowOf } from "@/lib/range";
import { fitting, usePast } from "@/parts/past";
import { TroubleNote } from "@/parts/Trouble";

const SAMPLE = 1000;

/**
 * What matches, over time. Rollups hold it for one filter of a kept dimension; for others the newest events that match
 * are counted here, and the note says how far back they reach.
 */
export function ExploreChart({ filters, range: asked, choose }: { filters: Filters; range: Range; choose: (range: Range) => void }) {
  const past = usePast();
  const since = past?.since ?? null;
  const range = fitting(asked, past);
  const window = windowOf(range);
  const stepMs = STEP_MS[window.step];
  const wanted = metricOf(filters);
  const metrics = useMetrics();
  const kept = metrics.data?.items.find((m) => m.name === wanted?.metric);
  const dimensionKept = wanted !== null && (wanted.by === null || (kept?.by.includes(wanted.by) ?? false));
  const decided = metrics.data !== undefined || metrics.isError;
  const useRollup = decided && dimensionKept;
  const every = everyOf(range);
  const series = useSeries(
    {
      metric: wanted?.metric ?? "events",
      from: window.from,
      to: window.to,
      step: window.step,
      ...(wanted?.by != null && useRollup ? { by: wanted.by } : {}),
    },
    useRollup ? every : false,
  );
  const line = series.data?.series.find((s) => s.key === (wanted?.by == null ? null : wanted.key));
  // A key that is not among the 20 largest has no line of its own.
  const counted = decided && (!useRollup || (series.data !== undefined && !series.isPlaceholderData && line === undefined));
  const sample = useQuery({
    queryKey: ["explore-sample", filters, window.from, window.to],
    queryFn: ({ signal }) => getEvents({ filters, from: window.from, to: window.to, limit: SAMPLE }, null, signal),
    enabled: counted,
    refetchInterval: counted && every !== false ? 10_000 : false,
  });
  const now = useNow(window.ms / 800);

  if (series.isError && !series.data && useRollup) return <TroubleNote error={series.error} what="the chart" again={() => void series.refetch()} />;

  const to = range.kind === "fixed" ? range.to : now;
  const from = range.kind === "fixed" ? range.from : beginOf(to - window.ms, to, since);
  let samples: Samples = { times: [], values: [], starts: [], partial: null };
  let note = "";
  if (counted) {
    const events = sample.data?.items ?? [];
    const oldest = events.at(-1);
    const whole_ = sample.data?.next_cursor == null;
    const begin = whole_ || !oldest ? from : Date.parse(oldest.time);
    samples = samplesOf(histogram(events.map((e) => Date.parse(e.time)), begin, to, stepMs, whole_), stepMs, true, to);
    if (!whole_ && oldest) note = `Counted from the newest ${whole(SAMPLE)} that match; they reach back to ${clock(Date.parse(oldest.time))}.`;
  } else if (line && series.data) {
    const step = STEP_MS[series.data.step as keyof typeof STEP_MS] ?? stepMs;
    samples = samplesOf(line.points, step, true, Date.parse(series.data.to));
  }
  samples = knownFrom(samples, since);
  const words = metricWords(wanted?.metric ?? "events");
  const scale = scaleFor("count", middle(samples.values));
  const title = Object.keys(filters).length === 0 ? "Events" : wanted !== null && wanted.by === null ? words.label : "Events that match";
  return (
    <>
      <TimeStack
        label="Events that match over time"
        panels={[
          {
            key: "events",
            title,
            unit: scale.unit,
            colour: words.colour,
            height: 112,
            samples: scaledBy(range.kind === "live" ? samples : { ...samples, partial: null }, scale.factor),
            live: null,
            usual: null,
            alarm: null,
            leastTop: scale.unit === "a minute" ? 2 : 1,
            write: (v) => scale.write(v / scale.factor),
          },
        ]}
        from={from}
        to={to}
        live={range.kind === "live"}
        stepMs={stepMs}
        dataKey={`${JSON.stringify(filters)} ${window.from} ${window.to} ${scale.unit}`}
        onZoom={(a, b) => choose({ kind: "fixed", from: a, to: b })}
        onReset={range.kind === "fixed" ? () => choose({ kind: "live", name: "1h" }) : undefined}
      />
      {note !== "" && <p className="quiet explore-note">{note}</p>}
    </>
  );
}

/** Counts by bucket. Before `begin` nothing is known unless `complete`; there are no points there, not zeros. */
export function histogram(times: readonly number[], begin: number, end: number, stepMs: number, complete: boolean): Point[] {
  const first = complete ? Math.floor(begin / stepMs) : Math.floor(begin / stepMs) + 1;
  const last = Math.floor(end / stepMs);
  const counts = new Map<number, number>();
  for (const t of times) {
    const bucket = Math.floor(t / stepMs);
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  const points: Point[] = [];
  for (let b = first; b <= last; b++) points.push([new Date(b * stepMs).toISOString(), counts.get(b) ?? 0]);
  return points;
}
