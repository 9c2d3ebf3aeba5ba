// Arithmetic of the charts, kept apart from drawing so that it can be tested.

// Their halves are short numbers too.
const TOPS = [1, 2, 4, 6, 8, 10];

/** The smallest friendly number that is at least `value`. */
export function niceTop(value: number): number {
  if (!(value > 0)) return 1;
  const size = 10 ** Math.floor(Math.log10(value));
  const top = TOPS.find((t) => t * size >= value * 0.999999) ?? 10;
  return Number((top * size).toPrecision(3));
}

/**
 * The top of a y axis that does not jump: it grows when the data would leave it, and comes down only when the data
 * needs less than a third of it.
 */
export function steadyTop(before: number | null, highest: number): number {
  const wanted = niceTop(highest * 1.08);
  if (before === null) return wanted;
  if (highest > before) return wanted;
  return wanted < before / 3 ? wanted : before;
}

export interface Extent {
  low: number;
  high: number;
}

/** The same for both ends: it widens when data leaves it, with some room, and narrows only when half of it is unused. */
export function steadyRange(before: Extent, wanted: Extent): Extent {
  const inside = wanted.low >= before.low && wanted.high <= before.high;
  const used = (wanted.high - wanted.low) / (before.high - before.low || 1);
  if (inside && used > 0.4) return before;
  const room = (wanted.high - wanted.low) * 0.4;
  return { low: Math.max(wanted.low - room, Math.min(wanted.low, 0)), high: wanted.high + room };
}

export interface Samples {
  /** Middle of each bucket, ms. */
  times: number[];
  values: (number | null)[];
  /** Begin of each bucket, ms. */
  starts: number[];
  /** The running bucket, reckoned up to a whole one, if any. */
  partial: number | null;
}

/**
 * Buckets of a series as points of a line.
 * @param perSecond counts are divided by the length of their bucket; ratios and quantiles stay as they are.
 * @param now the running bucket ends here: its count is reckoned on the time that has passed.
 */
export function samplesOf(
  points: readonly (readonly [string, number | null])[],
  stepMs: number,
  perSecond: boolean,
  now: number,
): Samples {
  const out: Samples = { times: [], values: [], starts: [], partial: null };
  for (const [time, value] of points) {
    const start = Date.parse(time);
    const full = start + stepMs <= now;
    const passed = full ? stepMs : Math.max(now - start, 0);
    const shown = value === null ? null : perSecond ? (passed === 0 ? null : value / (passed / 1000)) : value;
    if (full) {
      out.starts.push(start);
      out.times.push(start + stepMs / 2);
      out.values.push(shown);
    } else if (passed >= stepMs / 2) {
      // Of a bucket that has just begun, a good part is still on its way through the log.
      out.partial = shown;
    }
  }
  return out;
}

/**
 * At most so much in a bucket is a trickle, beside what most buckets have, or in the first moments the newest:
 * stragglers, that came late from before the beginning. `counts` in the order of time.
 */
export function trickleOf(counts: Iterable<number | null | undefined>): number {
  const busy = [...counts].filter((n): n is number => typeof n === "number" && n > 0);
  const newest = Math.max(...busy.slice(-2), 0);
  busy.sort((a, b) => a - b);
  return Math.max(busy[Math.floor(busy.length * 0.75)] ?? 0, newest) / 50;
}

/** Of fewer things than this no share is told: one in five is no 20 %. */
export const FEW = 20;

/**
 * Where nothing arrived there is a gap, not a zero: before the beginning, and where two buckets or more in a row are empty.
 * A trickle counts as nothing: a share of five requests would be drawn as if it were one of thousands. `total` is the
 * series of all events; `self` says that it is the one to be cut, which keeps its zeros after the beginning: that it fell
 * to nothing is what it has to tell. `least`: what a bucket must have for its value to say something.
 */
export function withGaps(samples: Samples, total: ReadonlyMap<number, number | null>, self: boolean, least = 0): Samples {
  const counts = samples.starts.map((s) => total.get(s));
  const trickle = trickleOf(total.values());
  const upTo = (most: number) => counts.map((n) => typeof n === "number" && n <= most);
  const first = upTo(trickle).indexOf(false);
  const empty = upTo(self ? 0 : trickle);
  return {
    ...samples,
    // Nothing ever came: a running bucket of nothing is no data either.
    partial: first < 0 && samples.partial === 0 ? null : samples.partial,
    values: samples.values.map((v, i) => {
      if (first < 0 || i < first || (counts[i] ?? least) < least) return null;
      if (empty[i] !== true) return v;
      return !self && (empty[i - 1] === true || empty[i + 1] === true) ? null : v;
    }),
  };
}

/** Nothing is known from before `since`, and the bucket in which it lies is seldom a whole one. */
export function knownFrom(samples: Samples, since: number | null): Samples {
  if (since === null) return samples;
  return { ...samples, values: samples.values.map((v, i) => ((samples.starts[i] ?? 0) <= since ? null : v)) };
}

/**
 * The left end of a live chart: where the data begins, if that is within the stretch. At least a fifth of the stretch is
 * shown, so that the first moments are not drawn as if they were a history.
 */
export function beginOf(from: number, to: number, since: number | null): number {
  return since === null ? from : Math.max(from, Math.min(since, to - (to - from) / 5));
}

/**
 * When a line left its usual: the begin of the latest run above it. A single bucket that falls back does not end a run.
 */
export function leftUsualAt(samples: Samples, high: number): number | null {
  let at: number | null = null;
  for (let i = samples.values.length - 1; i >= 0; i--) {
    const above = (v: number | null | undefined) => v != null && v > high;
    if (above(samples.values[i])) at = samples.starts[i] ?? at;
    else if (at !== null && !above(samples.values[i - 1])) break;
  }
  return at;
}

/** Places of values with a gap on either side: a line through one point is invisible. */
export function lonely(values: readonly (number | null | undefined)[]): number[] {
  return values.flatMap((v, i) => (v != null && values[i - 1] == null && values[i + 1] == null ? [i] : []));
}

const TICK_STEPS = [5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800].map(
  (s) => s * 1000,
);

/** Round moments between two times, at most `most` of them. */
export function timeTicks(from: number, to: number, most: number): { at: number; step: number }[] {
  const step = TICK_STEPS.find((s) => (to - from) / s <= most) ?? 604_800_000;
  const ticks: { at: number; step: number }[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push({ at, step });
  return ticks;
}

/** Index of the time nearest to `at`; -1 for none. `times` ascend. */
export function nearest(times: readonly number[], at: number): number {
  let low = 0;
  let high = times.length - 1;
  if (high < 0) return -1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= at) low = middle;
    else high = middle;
  }
  return Math.abs((times[low] ?? 0) - at) <= Math.abs((times[high] ?? 0) - at) ? low : high;
}

/** A line through points as an SVG path; nulls break it. `x` and `y` map to the drawing. */
export function linePath(values: readonly (number | null)[], x: (i: number) => number, y: (v: number) => number): string {
  let path = "";
  let pen = false;
  values.forEach((v, i) => {
    if (v === null) {
      pen = false;
      return;
    }
    path += `${pen ? "L" : "M"}${x(i).toFixed(1)} ${y(v).toFixed(1)}`;
    // A lone point between gaps would be invisible.
    if (!pen && (values[i + 1] ?? null) === null) path += "h0.01";
    pen = true;
  });
  return path;
}

/** The same in another unit. */
export function scaledBy(samples: Samples, factor: number): Samples {
  return {
    ...samples,
    values: samples.values.map((v) => (v === null ? null : v * factor)),
    partial: samples.partial === null ? null : samples.partial * factor,
  };
}

/** The median of what is more than nothing. */
export function middle(values: readonly (number | null)[]): number | null {
  const known = values.filter((v): v is number => v !== null && v > 0).sort((a, b) => a - b);
  return known[known.length >> 1] ?? null;
}
