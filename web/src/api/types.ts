// The shapes of Weir's HTTP API (/api/v1) that the page reads. Times are RFC 3339 UTC with milliseconds.

export type State = "normal" | "elevated" | "attack";

export interface Tile {
  metric: string;
  label: string;
  /** Of the last 60 seconds; counts are per second, ratios 0–1. Null where there is nothing to divide by. */
  value: number | null;
  unit: string;
  /** The usual for now, or null while Weir is learning it. */
  baseline: number | null;
  /** value ÷ baseline, or null. */
  change: number | null;
  /** 60 numbers or nulls, oldest first. */
  sparkline: (number | null)[];
}

export type EntityKind = "user" | "ip" | "asn" | "country" | "email_domain" | "device";

export interface EntityRef {
  kind: EntityKind;
  id: string;
}

export interface Finding {
  id: string;
  rule: { id: string; title: string; level: string };
  sentence: string;
  recommendation: string;
  status: "new" | "in_progress" | "resolved" | "suppressed";
  assignee: string | null;
  note: string | null;
  opened_at: string;
  last_seen_at: string;
  closed_at: string | null;
  events: number;
  entities: (EntityRef & { role: "actor" | "target" })[];
  tags: string[];
  risk: number;
}

export interface Overview {
  state: State;
  sentence: string;
  tiles: Tile[];
  findings: Finding[];
}

export interface Ledger {
  received: number;
  admitted: number;
  duplicate: number;
  rejected: number;
  in_flight: number;
  stored: number;
  expired: number;
  rolled_up: number;
  balanced: boolean;
}

export interface Quality {
  score: number | null;
  freshness_ms: { p50: number | null; p95: number | null; p99: number | null };
  duplicates: { count: number; ratio: number | null };
  rejects: { reason: string; field: string | null; source: string | null; count: number; last_seen: string | null }[];
  late: { count: number; ratio: number | null };
  missing_optional: { type: string; field: string; ratio: number }[];
  types: { type: string; count: number; per_second: number; last_seen: string | null }[];
  warnings: (string | { message?: string; sentence?: string; code?: string })[];
}

export interface Reject {
  received_at: string;
  reason: string;
  field: string | null;
  message: string;
  source: string | null;
  id: string | null;
  type: string | null;
  /** Bytes that are no UTF-8 show as U+FFFD; then the exact ones are in raw_base64. */
  raw: string;
  raw_base64?: string;
  /** Bytes may be missing at the end: the first 64 KiB are kept. */
  cut?: boolean;
  partition: number;
  offset: number;
}

export interface RejectGroup {
  reason: string;
  /** Empty when the event as a whole is meant. */
  field: string;
  /** Empty where none could be read. */
  source: string;
  count: number;
  first_seen: string;
  last_seen: string;
  /** The sentence of the newest one. */
  message: string;
}

export interface RejectGroups {
  items: RejectGroup[];
  /** All there are, also those that the limit leaves out. */
  groups: number;
  rejects: number;
  from: string;
}

export interface Metric {
  name: string;
  label: string;
  unit: string;
  by: string[];
}

export type Point = [time: string, value: number | null];

export interface Series {
  metric: string;
  unit: string;
  step: string;
  from: string;
  to: string;
  series: { key: string | null; points: Point[] }[];
}

export interface Top {
  items: { key: string; value: number; share: number | null }[];
}

export interface List<T> {
  items: T[];
  next_cursor: string | null;
}

/** An event given back as a CloudEvent. `data` holds only the fields that the event has. */
export interface WeirEvent {
  specversion: string;
  id: string;
  source: string;
  type: string;
  time: string;
  data: Record<string, unknown>;
  weirreceived?: string;
  weirpartition?: number;
  weiroffset?: number;
  weirtruth?: string;
}

export interface SearchHit {
  kind: string;
  id: string;
  title: string;
  snippet: string | null;
  highlights: { field: string; ranges: [start: number, end: number][] }[];
  score: number;
  time: string | null;
}

export interface SearchAnswer {
  query: string;
  hits: SearchHit[];
  facets: { kind?: Record<string, number> };
  took_ms: number;
}

export interface Entity {
  kind: EntityKind;
  id: string;
  risk: { score: number; reasons: (string | { points?: number; reason?: string; sentence?: string })[] } | null;
  first_seen: string;
  last_seen: string;
  counts: Record<string, number>;
  timeline: [string, number][];
  linked: (EntityRef & { events: number })[];
  findings: Finding[];
}

export interface Rule {
  id: string;
  title: string;
  level: string;
  tags: string[];
  description: string;
  kind: "rule" | "correlation";
  enabled: boolean;
  matches_1h: number;
  error: string | null;
}

export interface Scenario {
  name: string;
  label: string;
  description: string;
}

export interface Simulation {
  running: boolean;
  rate: number;
  attack: string | null;
  scenarios: Scenario[];
}

export interface Health {
  status: "ok" | "degraded" | "down";
  version: string;
  uptime_s: number;
  components: { name: string; engine: string; status: string; latency_ms: number | null; message: string | null }[];
}

/** RFC 9457. */
export interface ProblemDocument {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  instance?: string;
}
