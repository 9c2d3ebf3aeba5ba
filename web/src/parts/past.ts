import { useMemo } from "react";
import { useSeries } from "@/api/queries";
import type { Overview, Point } from "@/api/types";
import { leftUsualAt, samplesOf, trickleOf } from "@/charts/scale";
import { USUAL_FACTOR } from "@/lib/metrics";
import { type Range, rangeNamed, RANGES } from "@/lib/range";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What this Weir has lived through. */
export interface Past {
  /** Where its data begins, as far as is known; null while it has none. */
  since: number | null;
  /** How much of a stretch of time (ms) it has data of. */
  knownMs: (from: number, to: number) => number;
  /** When this was read. */
  at: number;
}

/**
 * Since when there is data. Events that came late from before the beginning do not count: a handful of them is no past to
 * compare with. Undefined until it is known.
 */
export function usePast(): Past | undefined {
  const hours = useSeries({ metric: "events", from: "now-14d", to: "now", step: "1h" }, 600_000);
  const minutes = useSeries({ metric: "events", from: "now-2h", to: "now", step: "1m" }, 30_000);
  // The beginning itself, to ten seconds, while it is in sight.
  const seconds = useSeries({ metric: "events", from: "now-15m", to: "now", step: "10s" }, 30_000);
  const h = hours.data?.series[0]?.points;
  const m = minutes.data?.series[0]?.points;
  const s = seconds.data?.series[0]?.points;
  const at = Date.parse(minutes.data?.to ?? "");
  return useMemo(() => (h && m && s && Number.isFinite(at) ? pastOf(h, m, s, at) : undefined), [h, m, s, at]);
}

export function pastOf(hours: readonly Point[], minutes: readonly Point[], seconds: readonly Point[], at: number): Past {
  const busyMinutes = busyOf(minutes);
  const busyHours = busyOf(hours);
  const reach = Date.parse(minutes[0]?.[0] ?? "");
  // The finest look is believed, unless a coarser one sees something before it.
  const begins = [
    { first: busyOf(seconds)[0], reach: Date.parse(seconds[0]?.[0] ?? ""), step: 10_000 },
    { first: busyMinutes[0], reach, step: MINUTE },
    { first: busyHours[0], reach: 0, step: HOUR },
  ];
  let since: number | null = null;
  let inSight = false;
  for (const { first, reach: edge, step } of begins) {
    if (first === undefined || (since !== null && inSight && first + step > since)) continue;
    since = Math.min(first, since ?? first);
    inSight = first > edge + step;
  }
  return {
    since,
    at,
    knownMs: (from, to) => {
      const [starts, step] = from >= reach - MINUTE ? [busyMinutes, MINUTE] : [busyHours, HOUR];
      const begin = Math.max(from, since ?? to);
      return starts.reduce((sum, b) => sum + Math.max(Math.min(b + step, to) - Math.max(b, begin), 0), 0);
    },
  };
}

function busyOf(points: readonly Point[]): number[] {
  const trickle = trickleOf(points.map(([, n]) => n));
  return points.filter(([, n]) => (n ?? 0) > trickle).map(([time]) => Date.parse(time));
}

/**
 * The shortest named range that holds all data there is, if that is shorter than the one asked for: minutes of data in
 * steps of an hour would be one point, or none.
 */
export function fitting(range: Range, past: Past | undefined): Range {
  if (range.kind === "fixed" || past?.since == null) return range;
  const age = past.at - past.since;
  const fits = RANGES.find((r) => r.ms >= age);
  return fits && fits.ms < rangeNamed(range.name).ms ? { kind: "live", name: fits.name } : range;
}

/** Above this multiple of its usual a line has left it. */
export const LEFT_FACTOR = USUAL_FACTOR * 1.2;

/**
 * When what is wrong began, to the minute: when the worst finding opened, or when the loudest number left its usual.
 * Null while all is normal, or when it cannot be seen within two hours.
 */
export function useBegan(overview: Overview | null, opened: string | undefined, loud: string | null): number | null {
  const baseline = overview?.tiles.find((t) => t.metric === loud)?.baseline ?? null;
  const wanted = overview !== null && overview.state !== "normal" && opened === undefined && loud !== null && baseline !== null;
  const series = useSeries({ metric: loud ?? "events", from: "now-2h", to: "now", step: "1m" }, wanted ? 20_000 : false, wanted);
  if (overview === null || overview.state === "normal") return null;
  if (opened !== undefined) return Math.floor(Date.parse(opened) / MINUTE) * MINUTE;
  const points = series.data?.series[0]?.points;
  if (!wanted || !points || !series.data) return null;
  // The running minute counts too: an attack is seconds old when it is seen.
  const samples = samplesOf(points, MINUTE, true, Date.parse(series.data.to) + MINUTE);
  return leftUsualAt(samples, baseline * LEFT_FACTOR);
}
