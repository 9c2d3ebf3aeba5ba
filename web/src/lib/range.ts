// The stretch of time that a view shows: a named one that ends now, or a fixed one (after a zoom).

export type RangeName = "15m" | "1h" | "6h" | "24h" | "7d";

export const RANGES: { name: RangeName; label: string; ms: number; step: Step; api: string }[] = [
  { name: "15m", label: "15 min", ms: 900_000, step: "10s", api: "now-15m" },
  { name: "1h", label: "1 hour", ms: 3_600_000, step: "1m", api: "now-1h" },
  { name: "6h", label: "6 hours", ms: 21_600_000, step: "5m", api: "now-6h" },
  { name: "24h", label: "24 hours", ms: 86_400_000, step: "5m", api: "now-24h" },
  { name: "7d", label: "7 days", ms: 604_800_000, step: "1h", api: "now-7d" },
];

export type Step = "1s" | "10s" | "1m" | "5m" | "1h" | "1d";

export const STEP_MS: Record<Step, number> = {
  "1s": 1000,
  "10s": 10_000,
  "1m": 60_000,
  "5m": 300_000,
  "1h": 3_600_000,
  "1d": 86_400_000,
};

export interface Live {
  kind: "live";
  name: RangeName;
}
export interface Fixed {
  kind: "fixed";
  from: number;
  to: number;
}
export type Range = Live | Fixed;

/** What a range means to the API. */
export interface Window {
  from: string;
  to: string;
  step: Step;
  ms: number;
}

export function windowOf(range: Range): Window {
  if (range.kind === "fixed") {
    const ms = range.to - range.from;
    return { from: iso(range.from), to: iso(range.to), step: stepFor(ms), ms };
  }
  const named = rangeNamed(range.name);
  return { from: named.api, to: "now", step: named.step, ms: named.ms };
}

export function rangeNamed(name: RangeName) {
  const found = RANGES.find((r) => r.name === name);
  if (!found) throw new Error(`no range is called ${name}`);
  return found;
}

/** The finest step that draws at most about 240 points. */
export function stepFor(ms: number): Step {
  const fits = (Object.keys(STEP_MS) as Step[]).find((s) => ms / STEP_MS[s] <= 240);
  return fits ?? "1d";
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Null when the URL names none; the page then chooses. */
export function readRange(search: URLSearchParams): Range | null {
  const from = Date.parse(search.get("from") ?? "");
  const to = Date.parse(search.get("to") ?? "");
  if (Number.isFinite(from) && Number.isFinite(to) && to > from) return { kind: "fixed", from, to };
  const name = search.get("range");
  const named = RANGES.find((r) => r.name === name);
  return named ? { kind: "live", name: named.name } : null;
}

export function writeRange(search: URLSearchParams, range: Range): URLSearchParams {
  search.delete("range");
  search.delete("from");
  search.delete("to");
  if (range.kind === "live") {
    search.set("range", range.name);
  } else {
    search.set("from", iso(range.from));
    search.set("to", iso(range.to));
  }
  return search;
}

export function sameRange(a: Range, b: Range): boolean {
  if (a.kind === "live" || b.kind === "live") return a.kind === b.kind && (a as Live).name === (b as Live).name;
  return a.from === b.from && a.to === b.to;
}

/** A zoom of less than this would show single buckets. */
export const SMALLEST_ZOOM_MS = 10_000;

/** How often a stretch of time is read again; while nothing is wrong, its steps are soon enough. */
export function everyOf(range: Range, calm = false): number | false {
  if (range.kind === "fixed") return false;
  return { "15m": calm ? 5000 : 2000, "1h": calm ? 15_000 : 5000, "6h": 15_000, "24h": 30_000, "7d": 60_000 }[range.name];
}
