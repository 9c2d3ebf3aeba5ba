import type { Filters } from "./filters";
import { countFigure, figure, percentFigure, whole } from "./format";

/** How a metric is told. `count`: given per second by tiles and per bucket by series. */
export type Kind = "count" | "ratio" | "ms" | "number";

export interface MetricWords {
  name: string;
  label: string;
  kind: Kind;
  /** Of the class `s-<colour>`, which sets the series colour; a meaning keeps its colour on every page. */
  colour: "total" | "success" | "failure" | "login" | "signup" | "reset" | "mfa" | "api" | "email" | "duplicate";
  /** The events behind the number; null where the list of events cannot show them. */
  filters: Filters | null;
  /** What a share is a share of. */
  of?: string;
}

const words: Record<string, Omit<MetricWords, "name">> = {
  events: { label: "Events", kind: "count", colour: "total", filters: {} },
  logins: { label: "Logins", kind: "count", colour: "login", filters: { type: ["account.login"] } },
  login_failures: {
    label: "Failed logins",
    kind: "count",
    colour: "failure",
    filters: { type: ["account.login"], outcome: ["failure"] },
  },
  login_failure_ratio: {
    label: "Logins that fail",
    kind: "ratio",
    colour: "failure",
    filters: { type: ["account.login"], outcome: ["failure"] },
    of: "logins",
  },
  signups: { label: "New accounts", kind: "count", colour: "signup", filters: { type: ["account.signup"] } },
  password_changes: {
    label: "Password changes",
    kind: "count",
    colour: "reset",
    filters: { type: ["account.password_change"] },
  },
  password_resets: {
    label: "Password resets",
    kind: "count",
    colour: "reset",
    filters: { type: ["account.password_reset"] },
  },
  mfa_failures: {
    label: "Second factor failed",
    kind: "count",
    colour: "mfa",
    filters: { type: ["account.mfa"], outcome: ["failure"] },
  },
  api_requests: { label: "API requests", kind: "count", colour: "api", filters: { type: ["api.request"] } },
  api_errors: { label: "API errors", kind: "count", colour: "api", filters: { type: ["api.request"] } },
  api_error_ratio: {
    label: "API errors",
    kind: "ratio",
    colour: "api",
    filters: { type: ["api.request"] },
    of: "requests",
  },
  api_latency_p50: { label: "API answers, half within", kind: "ms", colour: "api", filters: { type: ["api.request"] } },
  api_latency_p95: {
    label: "API answers, 19 of 20 within",
    kind: "ms",
    colour: "api",
    filters: { type: ["api.request"] },
  },
  api_latency_p99: {
    label: "API answers, 99 of 100 within",
    kind: "ms",
    colour: "api",
    filters: { type: ["api.request"] },
  },
  emails: { label: "Emails", kind: "count", colour: "email", filters: { type: ["email.send"] } },
  email_bounces: {
    label: "Emails bounced",
    kind: "count",
    colour: "email",
    filters: { type: ["email.send"], delivery: ["bounced"] },
  },
  email_bounce_ratio: {
    label: "Emails bounced",
    kind: "ratio",
    colour: "email",
    filters: { type: ["email.send"], delivery: ["bounced"] },
    of: "emails",
  },
  email_deferrals: {
    label: "Emails deferred",
    kind: "count",
    colour: "email",
    filters: { type: ["email.send"], delivery: ["deferred"] },
  },
  email_complaints: {
    label: "Emails called spam",
    kind: "count",
    colour: "email",
    filters: { type: ["email.send"], delivery: ["complained"] },
  },
  email_delivery_ratio: {
    label: "Emails delivered",
    kind: "ratio",
    colour: "email",
    filters: { type: ["email.send"] },
    of: "emails",
  },
  unique_ips: { label: "Different addresses", kind: "number", colour: "total", filters: {} },
  unique_users: { label: "Different accounts", kind: "number", colour: "total", filters: {} },
  ip_top10_share: {
    label: "Share of the 10 busiest addresses",
    kind: "ratio",
    colour: "total",
    filters: {},
    of: "events",
  },
  rejects: { label: "Rejected", kind: "count", colour: "failure", filters: null },
  late: { label: "Late", kind: "count", colour: "duplicate", filters: null },
  duplicates: { label: "Duplicates", kind: "count", colour: "duplicate", filters: null },
};

/** Words for a metric; one that this page does not know is told by the server's own label and unit. */
export function metricWords(name: string, label?: string, unit?: string): MetricWords {
  const known = words[name];
  if (known) return { name, ...known };
  return { name, label: label ?? name.replaceAll("_", " "), kind: kindOfUnit(unit ?? ""), colour: "total", filters: {} };
}

function kindOfUnit(unit: string): Kind {
  if (/ratio|share|%/.test(unit)) return "ratio";
  if (/^m(illi)?s(econds)?$/.test(unit)) return "ms";
  if (/\/s|per.second|a second|count|events/.test(unit)) return "count";
  return "number";
}

/** A way to tell one metric: the factor on the raw value, its unit in words, and how to write it. */
export interface Scale {
  factor: number;
  unit: string;
  write: (raw: number) => string;
}

/**
 * Chooses the unit once for a value and its usual, so that both are told alike. What is usually below one a second is
 * told per minute: "74 a minute, usually 24" says more than "1.23 a second, usually 0.4".
 * @param typical a per-second rate for counts: the usual, or what was seen lately.
 */
export function scaleFor(kind: Kind, typical: number | null): Scale {
  switch (kind) {
    case "ratio":
      return { factor: 100, unit: "%", write: (raw) => percentFigure(raw) };
    case "ms":
      return { factor: 1, unit: "ms", write: (raw) => countFigure(raw) };
    case "number":
      return { factor: 1, unit: "", write: (raw) => countFigure(raw) };
    case "count":
      return typical !== null && typical >= 1
        ? // One decimal also where it is 0, so that a number near a whole one does not change its width.
          { factor: 1, unit: "a second", write: (raw) => (raw < 9.95 ? raw.toFixed(1) : countFigure(raw)) }
        : { factor: 60, unit: "a minute", write: (raw) => countFigure(raw * 60) };
  }
}

const units = new Map<string, number>();
const guesses = new Set<string>();

/**
 * The same unit for a metric wherever the page tells it, and for as long as it is open: the tile, the chart and the
 * sentence agree, and a usual that wavers around one a second does not change it with every breath.
 * @param seen what it is by, while the usual is not known.
 */
export function steadyScale(words: MetricWords, baseline: number | null, seen: number | null): Scale {
  if (words.kind !== "count") return scaleFor(words.kind, null);
  const before = units.get(words.name);
  // What was only seen so far gives way to the usual.
  const guessed = before === undefined || guesses.has(words.name);
  if (baseline !== null && baseline > 0 && (guessed || baseline >= 1.25 || baseline < 0.8)) {
    units.set(words.name, baseline);
    guesses.delete(words.name);
  } else if (baseline === null && guessed && seen !== null && seen > 0 && (before === undefined || seen < 0.5 || seen > 2)) {
    units.set(words.name, seen);
    guesses.add(words.name);
  }
  return scaleFor("count", units.get(words.name) ?? baseline ?? seen);
}

/** With its unit, for titles and screen readers. */
export function told(scale: Scale, raw: number): string {
  return scale.unit === "" ? scale.write(raw) : `${scale.write(raw)}\u00a0${scale.unit}`;
}

/** Full value, for hovering over a short one. */
export function fullValue(kind: Kind, raw: number): string {
  switch (kind) {
    case "ratio":
      return `${(raw * 100).toFixed(3)} %`;
    case "ms":
      return `${raw.toFixed(1)} ms`;
    case "count":
      return `${raw < 100 ? raw.toFixed(3) : whole(raw)} a second`;
    case "number":
      return whole(raw);
  }
}

export type Against = "learning" | "usual" | "above" | "below";

/** Within this factor of the usual a value is told as usual; the grey band shows the same. */
export const USUAL_FACTOR = 1.25;

/** How a value stands to its usual. */
export function against(baseline: number | null, change: number | null): Against {
  if (baseline === null || change === null) return "learning";
  if (change > USUAL_FACTOR) return "above";
  if (change < 1 / USUAL_FACTOR) return "below";
  return "usual";
}

/** 3.1 → "3.1×"; 0.42 → "0.4×"; 130 → "130×". */
export function times(change: number): string {
  return `${change < 9.95 ? change.toFixed(1) : change < 999.5 ? Math.round(change) : figure(change)}×`;
}
