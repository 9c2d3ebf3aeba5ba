/**
 * A double of Weir's HTTP API for developing and testing the page. It is NOT Weir: it has no log, no store and no
 * detection. It makes up numbers and events as pure functions of time, in the shapes that the contract gives them.
 *
 *   normal    a calm service           attack    credential stuffing, found by numbers alone
 *   findings  the same with findings   elevated  sign-up fraud
 *   empty     no event ever            one       a single event, three minutes ago
 *   young     began 90 seconds ago; a few events came late, from before that
 *   longname  200-character names      ill       a part is down, rejects, a warning, an unbalanced ledger
 *   dead      does not answer          refused   asks for a token
 */
import type { Finding, Health, Ledger, Overview, Quality, Reject, RejectGroups, Scenario, SearchHit, Simulation, Tile, WeirEvent } from "../src/api/types";

export const STATES = ["normal", "attack", "findings", "elevated", "empty", "one", "young", "longname", "ill", "dead", "refused"] as const;
export type DoubleState = (typeof STATES)[number];

export interface Answer {
  status: number;
  body: unknown;
  type?: string;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** Events that can be listed; the numbers claim more, as a list of 2,000 a second would teach nothing. */
const LISTED_PER_SECOND = 20;
const STEPS: Record<string, number> = { "1s": SECOND, "10s": 10 * SECOND, "1m": MINUTE, "5m": 5 * MINUTE, "1h": 60 * MINUTE, "1d": 1440 * MINUTE };

const SCENARIOS: Scenario[] = [
  ["credential_stuffing", "Credential stuffing", "Stolen names and passwords from other sites are tried, one or two from each address. A few fit."],
  ["brute_force", "Brute force", "Many passwords against a few accounts, from a handful of addresses."],
  ["password_spraying", "Password spraying", "One common password against many accounts, slowly, so that no account is locked."],
  ["account_takeover", "Account takeover", "An entered account gets a new password and a new mail address, and its owner is shut out."],
  ["signup_fraud", "Sign-up fraud", "Accounts are made in bulk by a program, on throw-away mail domains and few devices."],
  ["password_reset_flood", "Password reset flood", "Resets are asked for in bulk: a nuisance to owners, or a test for which accounts exist."],
  ["api_scraping", "Scraping", "A program walks through pages in order, day and night, to copy what is there."],
  ["api_flood", "API flood", "So many requests that others are served slowly or not at all."],
  ["email_abuse", "Email abuse", "The service's own mails are used to send spam: bounces and complaints rise."],
  ["mixed", "Mixed", "One attack after another, in turns."],
].map(([name = "", label = "", description = ""]) => ({ name, label, description }));

/** Per second (counts) or as it is (ratios, ms) on a calm day. */
const CALM: Record<string, { label: string; unit: string; value: number; noise: number }> = {
  events: { label: "Events", unit: "per second", value: 2010, noise: 0.02 },
  logins: { label: "Logins", unit: "per second", value: 9.6, noise: 0.06 },
  login_failures: { label: "Failed logins", unit: "per second", value: 0.4, noise: 0.16 },
  login_failure_ratio: { label: "Logins that fail", unit: "ratio", value: 0.042, noise: 0.15 },
  signups: { label: "New accounts", unit: "per second", value: 0.6, noise: 0.14 },
  password_resets: { label: "Password resets", unit: "per second", value: 0.4, noise: 0.16 },
  mfa_failures: { label: "Second factor failed", unit: "per second", value: 0.117, noise: 0.2 },
  api_requests: { label: "API requests", unit: "per second", value: 1890, noise: 0.02 },
  api_errors: { label: "API errors", unit: "per second", value: 5.8, noise: 0.08 },
  api_error_ratio: { label: "API errors", unit: "ratio", value: 0.0031, noise: 0.07 },
  api_latency_p50: { label: "API latency, p50", unit: "ms", value: 42, noise: 0.05 },
  api_latency_p95: { label: "API latency, p95", unit: "ms", value: 180, noise: 0.08 },
  api_latency_p99: { label: "API latency, p99", unit: "ms", value: 420, noise: 0.1 },
  emails: { label: "Emails", unit: "per second", value: 18, noise: 0.06 },
  email_bounce_ratio: { label: "Emails bounced", unit: "ratio", value: 0.019, noise: 0.14 },
  email_bounces: { label: "Emails bounced", unit: "per second", value: 0.34, noise: 0.14 },
  email_complaints: { label: "Emails called spam", unit: "per second", value: 0.02, noise: 0.3 },
  email_delivery_ratio: { label: "Emails delivered", unit: "ratio", value: 0.978, noise: 0.003 },
  unique_ips: { label: "Different addresses", unit: "", value: 8120, noise: 0.03 },
  unique_users: { label: "Different accounts", unit: "", value: 6410, noise: 0.03 },
  ip_top10_share: { label: "Share of the 10 busiest addresses", unit: "ratio", value: 0.021, noise: 0.1 },
  rejects: { label: "Rejected", unit: "per second", value: 1.9, noise: 0.2 },
  duplicates: { label: "Duplicates", unit: "per second", value: 4.8, noise: 0.2 },
};
const RATIOS = new Set(["login_failure_ratio", "email_bounce_ratio", "api_error_ratio", "email_delivery_ratio", "ip_top10_share"]);
const TILES = ["events", "login_failures", "login_failure_ratio", "signups", "password_resets", "mfa_failures", "api_error_ratio", "email_bounce_ratio"];

/** What each scenario multiplies. */
const MOVES: Record<string, Record<string, number>> = {
  credential_stuffing: { login_failures: 3.2, login_failure_ratio: 2.85, logins: 1.1, unique_ips: 1.2 },
  brute_force: { login_failures: 6, login_failure_ratio: 4, ip_top10_share: 3 },
  password_spraying: { login_failures: 2.1, login_failure_ratio: 1.9 },
  account_takeover: { password_resets: 2.4, mfa_failures: 3 },
  signup_fraud: { signups: 2.6, emails: 1.3, email_bounce_ratio: 1.6, email_bounces: 2 },
  password_reset_flood: { password_resets: 9, emails: 1.9 },
  api_scraping: { api_requests: 1.5, events: 1.45, ip_top10_share: 6 },
  api_flood: { api_requests: 3, events: 2.9, api_error_ratio: 7, api_errors: 12, api_latency_p95: 4 },
  email_abuse: { emails: 3, email_bounces: 8, email_bounce_ratio: 2.7, email_complaints: 20, email_delivery_ratio: 0.8 },
  mixed: { login_failures: 3, login_failure_ratio: 2.5, signups: 2 },
};
/** Seconds until a scenario stands at its height. */
const RAMP = 8;

interface Episode {
  scenario: string;
  from: number;
  to: number | null;
}

export class Double {
  state: DoubleState;
  private readonly born: number;
  private running = true;
  private rate: number;
  private episodes: Episode[] = [];

  constructor(
    state: DoubleState,
    private readonly now: () => number = () => Date.now(),
  ) {
    this.state = state;
    this.born = now();
    this.rate = state === "empty" || state === "one" ? 0 : 2000;
    if (state === "attack" || state === "findings") this.episodes.push({ scenario: "credential_stuffing", from: this.born - 24 * MINUTE, to: null });
    if (state === "elevated") this.episodes.push({ scenario: "signup_fraud", from: this.born - 6 * MINUTE, to: null });
  }

  /** Null: the connection is to be cut without an answer. */
  handle(method: string, target: string, body: string): Answer | null {
    const url = new URL(target, "http://double");
    const path = url.pathname.replace(/^\/api\/v1/, "");
    const q = url.searchParams;
    if (this.state === "dead") return null;
    if (this.state === "refused") return problem(401, "A token is needed", "Send a token as Authorization: Bearer.");
    if (path === "/simulation" && method === "PUT") return this.changeSimulation(body);
    if (method !== "GET") return problem(405, "Method not allowed", `${method} is not possible here.`);
    switch (path) {
      case "/overview":
        return ok(this.overview());
      case "/ledger":
        return ok(this.ledger());
      case "/quality":
        return ok(this.quality());
      case "/rejects":
        return this.rejectPage(q);
      case "/rejects/groups":
        return ok(this.rejectGroups());
      case "/metrics":
        return ok({
          items: Object.entries(CALM).map(([name, m]) => ({ name, label: m.label, unit: m.unit, by: ["type", "country", "asn", "email_domain", "status", "source"] })),
          next_cursor: null,
        });
      case "/series":
        return this.series(q);
      case "/top":
        return this.top(q);
      case "/events":
        return this.events(q);
      case "/findings":
        return ok({ items: this.findings(), next_cursor: null });
      case "/rules":
        return ok({ items: [], next_cursor: null });
      case "/search":
        return this.search(q);
      case "/simulation":
        return ok(this.simulation());
      case "/health":
        return ok(this.health());
    }
    const finding = /^\/findings\/([^/]+)(\/events)?$/.exec(path);
    if (finding) {
      const found = this.findings().find((f) => f.id === decodeURIComponent(finding[1] ?? ""));
      if (!found) return problem(404, "Not found", "No finding has this id.");
      return finding[2] === undefined ? ok(found) : this.events(new URLSearchParams({ type: "account.login", outcome: "failure", limit: "50" }));
    }
    return problem(404, "Not found", `There is nothing at ${url.pathname}.`);
  }

  private attack(): Episode | undefined {
    return this.episodes.find((e) => e.to === null);
  }

  /** When `young` began. */
  private began(): number {
    return this.born - 90 * SECOND;
  }

  private silent(): boolean {
    return !this.running || this.rate === 0;
  }

  // Numbers

  /** A metric at a moment: per second for counts; null where there is nothing. */
  value(metric: string, at: number): number | null {
    const calm = CALM[metric];
    if (!calm || this.state === "empty") return null;
    if (this.state === "young" && at < this.began()) {
      const late = at > this.began() - 5 * MINUTE;
      return RATIOS.has(metric) || calm.unit === "ms" ? (late ? 0.2 : null) : late ? 0.08 * (calm.value / 2010) : 0;
    }
    if (this.state === "one" || this.silent()) return RATIOS.has(metric) || calm.unit === "ms" ? null : 0;
    const bucket = Math.floor(at / 1000);
    const wave = 1 + 0.04 * Math.sin(at / 4.1e6) + calm.noise * (hash(metric, bucket) - 0.5) * 2;
    const scale = calm.unit === "per second" ? this.rate / 2000 : 1;
    return calm.value * scale * wave * this.factor(metric, at);
  }

  private factor(metric: string, at: number): number {
    let factor = 1;
    for (const e of this.episodes) {
      const peak = MOVES[e.scenario]?.[metric] ?? 1;
      const up = Math.min(Math.max((at - e.from) / (RAMP * SECOND), 0), 1);
      const down = e.to === null ? 1 : Math.min(Math.max(1 - (at - e.to) / (RAMP * SECOND), 0), 1);
      factor *= 1 + (peak - 1) * Math.min(up, down);
    }
    return factor;
  }

  private mean(metric: string, from: number, to: number): number | null {
    const began = this.began();
    if (this.state === "young" && from < began && began < to && CALM[metric]?.unit === "per second")
      return ((this.value(metric, (began + to) / 2) ?? 0) * (to - began)) / (to - from);
    let sum = 0;
    let n = 0;
    for (let i = 0; i < 12; i++) {
      const v = this.value(metric, from + ((to - from) * (i + 0.5)) / 12);
      if (v === null) continue;
      sum += v;
      n++;
    }
    return n === 0 ? null : sum / n;
  }

  overview(): Overview {
    const now = this.now();
    const tiles: Tile[] = TILES.map((metric) => {
      const calm = CALM[metric];
      // Seconds that pass shift the window, so the value moves a little with each look.
      const value = this.state === "one" && metric === "events" ? 0 : this.mean(metric, now - Math.min(60_000, 10_000), now);
      const known = !(this.state === "empty" || this.state === "one" || (this.state === "young" && now - this.began() < 120 * SECOND));
      const scale = calm?.unit === "per second" ? this.rate / 2000 : 1;
      const baseline = known && calm && !this.silent() ? calm.value * scale : null;
      return {
        metric,
        label: calm?.label ?? metric,
        value,
        unit: calm?.unit ?? "",
        baseline,
        change: baseline !== null && value !== null ? value / baseline : null,
        sparkline: Array.from({ length: 60 }, (_, i) => {
          const end = Math.floor(now / MINUTE) * MINUTE - (59 - i) * MINUTE;
          return this.state === "one" ? (metric === "events" && i === 56 ? 1 / 60 : RATIOS.has(metric) ? null : 0) : this.mean(metric, end - MINUTE, end);
        }),
      };
    });
    return { ...this.words(tiles, now), tiles, findings: this.findings() };
  }

  private words(tiles: Tile[], now: number): Pick<Overview, "state" | "sentence"> {
    const attack = this.attack();
    const events = tiles[0]?.value ?? 0;
    if (this.state === "empty") return { state: "normal", sentence: "No events yet. Weir is ready and waits for the first one." };
    if (this.state === "one") return { state: "normal", sentence: "Quiet. One event has arrived, 3 minutes ago." };
    if (this.state === "young" && now - this.began() < 120 * SECOND)
      return { state: "normal", sentence: `Normal so far. ${Math.round(events).toLocaleString("en-US")} events a second; what is usual here takes a minute to learn.` };
    if (this.silent()) return { state: "normal", sentence: "Quiet. No events arrive at the moment." };
    if (!attack || now - attack.from < 4 * SECOND)
      return { state: "normal", sentence: `Normal. ${Math.round(events).toLocaleString("en-US")} events a second, nothing unusual in the last hour.` };
    const label = SCENARIOS.find((s) => s.name === attack.scenario)?.label ?? attack.scenario;
    const since = new Date(attack.from).toISOString().slice(11, 16);
    if (this.state === "findings")
      return { state: "attack", sentence: `${label} since ${since}: 1,240 failed logins on 1,198 accounts; 6 accounts were entered.` };
    const moved = tiles.filter((t) => (t.change ?? 0) > 1.5).sort((a, b) => (b.change ?? 0) - (a.change ?? 0))[0];
    const elevated = attack.scenario === "signup_fraud";
    const second = tiles.filter((t) => (t.change ?? 0) > 1.5).sort((a, b) => (b.change ?? 0) - (a.change ?? 0))[1];
    if (!moved) return { state: "elevated", sentence: "Numbers are a little off their usual." };
    const perMinute = (v: number | null) => Math.round((v ?? 0) * 60);
    const also = second ? ` Also unusual: ${second.label.toLowerCase()}.` : "";
    return {
      state: elevated ? "elevated" : "attack",
      sentence: `${moved.label} are ${(moved.change ?? 0).toFixed(1)}× usual since ${since}: ${perMinute(moved.value)} a minute instead of ${perMinute(moved.baseline)}.${also}`,
    };
  }

  private findings(): Finding[] {
    if (this.state !== "findings") return [];
    const now = this.now();
    const at = (min: number) => new Date(now - min * MINUTE).toISOString();
    const names = ["lena.jonsson", "hsato77", "okafor.d", "t.reyes", "mirela.p", "paul.brandt"];
    const base = { note: null, closed_at: null, tags: ["oat-008"], status: "new" as const };
    return [
      {
        ...base,
        id: "f-stuffing",
        rule: { id: "weir-credential-stuffing", title: "Credential stuffing", level: "critical" },
        sentence: "Credential stuffing: 1,240 failed logins on 1,198 accounts; 6 accounts were entered.",
        recommendation: "Somebody is trying stolen passwords from 86 addresses in 2 networks and has not stopped. Lock the 6 entered accounts first, and ask for a new password.",
        assignee: null,
        opened_at: at(24),
        last_seen_at: at(0),
        events: 1246,
        risk: 92,
        entities: [...names.map((id) => ({ kind: "user" as const, id, role: "target" as const })), { kind: "asn", id: "64500", role: "actor" }, { kind: "asn", id: "64511", role: "actor" }],
      },
      {
        ...base,
        id: "f-takeover",
        rule: { id: "weir-takeover", title: "Account takeover", level: "medium" },
        sentence: "lena.jonsson changed its password 91 seconds after it was entered from a new network.",
        recommendation: "Lock lena.jonsson and ask its owner for a new password.",
        assignee: null,
        opened_at: at(21),
        last_seen_at: at(19),
        events: 3,
        risk: 71,
        entities: [{ kind: "user", id: "lena.jonsson", role: "target" }],
      },
      {
        ...base,
        id: "f-signup",
        rule: { id: "weir-signup", title: "Sign-up fraud", level: "low" },
        sentence: "14 accounts were made from one device in 40 minutes.",
        recommendation: "Look at the device; ask these accounts for a second factor.",
        assignee: "Ana Duarte",
        opened_at: at(95),
        last_seen_at: at(55),
        events: 14,
        risk: 35,
        entities: [{ kind: "device", id: "dev-7f21", role: "actor" }],
      },
    ];
  }

  private ledger(): Ledger {
    if (this.state === "empty") return { received: 0, admitted: 0, duplicate: 0, rejected: 0, in_flight: 0, stored: 0, expired: 0, rolled_up: 0, balanced: true };
    if (this.state === "one") return { received: 1, admitted: 1, duplicate: 0, rejected: 0, in_flight: 0, stored: 1, expired: 0, rolled_up: 1, balanced: true };
    const flowed = Math.floor(((this.now() - this.born) / 1000) * (this.silent() ? 0 : this.rate));
    const received = 36_317_740 + flowed;
    const duplicate = Math.floor(received * 0.0024);
    const rejected = Math.floor(received * (this.state === "ill" ? 0.012 : 0.001));
    const in_flight = this.silent() ? 0 : 212;
    const admitted = received - duplicate - rejected - in_flight;
    const lost = this.state === "ill" ? 31 : 0;
    return { received, admitted, duplicate, rejected, in_flight, stored: admitted - lost, expired: 0, rolled_up: admitted, balanced: lost === 0 };
  }

  private quality(): Quality {
    const now = this.now();
    const at = (ms: number) => new Date(now - ms).toISOString();
    if (this.state === "empty" || this.state === "one") {
      const one = this.state === "one";
      return {
        score: one ? 100 : null,
        freshness_ms: one ? { p50: 41, p95: 41, p99: 41 } : { p50: null, p95: null, p99: null },
        duplicates: { count: 0, ratio: one ? 0 : null },
        rejects: [],
        late: { count: 0, ratio: one ? 0 : null },
        missing_optional: [],
        types: one ? [{ type: "account.login", count: 1, per_second: 0, last_seen: at(3 * MINUTE) }] : [],
        warnings: [],
      };
    }
    const shop = "https://shop.example.com";
    const api = "https://api.example.com";
    return {
      score: this.state === "ill" ? 61 : 96,
      freshness_ms: { p50: 62, p95: 148, p99: 231 },
      duplicates: { count: 414_720, ratio: 0.0024 },
      rejects: [
        { reason: "missing_field", field: "data.email", source: shop, count: 88_204, last_seen: at(2000) },
        { reason: "wrong_type", field: "data.status", source: api, count: 41_730, last_seen: at(400) },
        { reason: "time_too_old", field: "time", source: "https://files.example.net", count: 19_882, last_seen: at(3 * 60 * MINUTE) },
        { reason: "unknown_type", field: "type", source: "https://app.example.com", count: 11_207, last_seen: at(40_000) },
        { reason: "malformed_json", field: null, source: null, count: 4915, last_seen: at(9 * MINUTE) },
        { reason: "out_of_range", field: "data.asn", source: api, count: 372, last_seen: at(70 * MINUTE) },
      ],
      late: { count: 535_680, ratio: 0.0031 },
      missing_optional: [
        { type: "account.login", field: "device_id", ratio: 0.082 },
        { type: "account.login", field: "country", ratio: 0.0294 },
        { type: "api.request", field: "referrer", ratio: 0.412 },
        { type: "api.request", field: "user_id", ratio: 0.238 },
        { type: "email.send", field: "dsn", ratio: 0.021 },
        { type: "email.send", field: "ip", ratio: 1 },
        { type: "email.send", field: "session_id", ratio: 1 },
        { type: "account.login", field: "email", ratio: 1 },
      ],
      types: [
        ["api.request", 0.94],
        ["email.send", 0.009],
        ["account.login", 0.0048],
        ["account.logout", 0.0031],
        ["account.mfa", 0.0021],
        ["account.signup", 0.0003],
        ["account.password_reset", 0.0002],
        ["account.password_change", 0.0001],
      ].map(([type, share]) => ({ type: String(type), count: Math.round(172_800_000 * Number(share)), per_second: 2000 * Number(share), last_seen: at(300) })),
      warnings: this.state === "ill" ? ["One source, mail-relay-2.example.net, has been silent for 47 minutes."] : [],
    };
  }

  private rejectGroups(): RejectGroups {
    const items = this.rejects().map((r, i) => {
      const of = this.quality().rejects[i];
      return {
        reason: r.reason,
        field: r.field ?? "",
        source: r.source ?? "",
        count: of?.count ?? 1,
        first_seen: new Date(Date.parse(r.received_at) - 5 * 60 * MINUTE).toISOString(),
        last_seen: r.received_at,
        message: r.message,
      };
    });
    return { items, groups: items.length, rejects: items.reduce((sum, g) => sum + g.count, 0), from: new Date(this.now() - 1440 * MINUTE).toISOString() };
  }

  /** 50 of each group, all alike but for when and where they came. */
  private rejectPage(q: URLSearchParams): Answer {
    const fits = (name: string, value: string | null) => !q.has(name) || q.getAll(name).includes(value ?? "");
    const all = this.rejects()
      .filter((r) => fits("reason", r.reason) && fits("field", r.field) && fits("source", r.source))
      .flatMap((r) => Array.from({ length: 50 }, (_, i) => ({ ...r, received_at: new Date(Date.parse(r.received_at) - i * 1700).toISOString(), offset: 90_000 - i * 3 })));
    const at = Number(q.get("cursor") ?? 0);
    const limit = Number(q.get("limit") ?? 100);
    return ok({ items: all.slice(at, at + limit), next_cursor: at + limit < all.length ? String(at + limit) : null });
  }

  private rejects(): Reject[] {
    const now = this.now();
    return this.quality().rejects.map((r, i) => {
      const samples: Record<string, [string, string]> = {
        missing_field: [
          "account.signup needs data.email; it is there but empty.",
          '{"specversion":"1.0","id":"s-88120417","source":"https://shop.example.com","type":"account.signup","time":"2026-11-24T14:26:38.114Z","data":{"user_id":"kofi.mensah","ip":"192.0.2.140","email":"","country":"GH"}}',
        ],
        wrong_type: [
          "data.status must be an integer; it is a string.",
          '{"specversion":"1.0","id":"r-5519","source":"https://api.example.com","type":"api.request","time":"2026-11-24T14:26:40.001Z","data":{"ip":"198.51.100.7","method":"GET","path":"/v1/orders","status":"200"}}',
        ],
        malformed_json: ["The text ends inside a string, at byte 61.", '{"specversion":"1.0","id":"\u202e\u0000x \ufffd","source":"https://shop.exampl'],
      };
      const [message, raw] = samples[r.reason] ?? [`${r.field ?? "the event"} is not allowed as it is.`, `{"specversion":"1.0","id":"q-${i}","source":"${r.source ?? ""}","type":"login"}`];
      return { received_at: r.last_seen ?? new Date(now).toISOString(), reason: r.reason, field: r.field, message, source: r.source, id: `q-${i}`, type: null, raw, partition: i % 4, offset: 1000 + i, cut: false };
    });
  }

  // Series and tops

  private window(q: URLSearchParams): { from: number; to: number } | Answer {
    const now = this.now();
    const read = (name: string, otherwise: number): number | null => {
      const text = q.get(name);
      if (text === null) return otherwise;
      const relative = /^now(?:-(\d+)([smhd]))?$/.exec(text);
      if (relative) return now - Number(relative[1] ?? 0) * ({ s: SECOND, m: MINUTE, h: 60 * MINUTE, d: 1440 * MINUTE }[relative[2] ?? "s"] ?? 0);
      const at = Date.parse(text);
      return Number.isFinite(at) ? at : null;
    };
    const from = read("from", now - 60 * MINUTE);
    const to = read("to", now);
    if (from === null || to === null) return problem(400, "Bad parameter", `The parameter ${from === null ? "from" : "to"} is no time.`);
    return { from, to };
  }

  private series(q: URLSearchParams): Answer {
    const metric = q.get("metric") ?? "";
    const calm = CALM[metric];
    if (!calm) return problem(400, "Bad parameter", `There is no metric called ${metric}.`);
    const window = this.window(q);
    if ("status" in window) return window;
    const stepName = q.get("step") ?? "1m";
    const step = STEPS[stepName];
    if (step === undefined) return problem(400, "Bad parameter", `step can be 1s, 10s, 1m, 5m, 1h or 1d, not ${stepName}.`);
    const from = Math.floor(window.from / step) * step;
    const isCount = calm.unit === "per second";
    const line = (share: number) => {
      const points: [string, number | null][] = [];
      for (let t = from; t < window.to; t += step) {
        const end = Math.min(t + step, this.now());
        if (this.state === "one" || this.state === "empty") {
          const here = this.state === "one" && this.born - 3 * MINUTE >= t && this.born - 3 * MINUTE < t + step;
          points.push([new Date(t).toISOString(), isCount ? (here && (metric === "events" || metric === "logins") ? 1 : 0) : null]);
          continue;
        }
        const mean = this.mean(metric, t, end);
        points.push([new Date(t).toISOString(), mean === null ? null : isCount ? Math.round((mean * (end - t) * share) / SECOND) : mean]);
      }
      return points;
    };
    const by = q.get("by");
    const series = by === null ? [{ key: null, points: line(1) }] : this.shares(by, metric, false).map((s) => ({ key: s.key, points: line(s.share) }));
    return ok({ metric, unit: calm.unit, step: stepName, from: new Date(from).toISOString(), to: new Date(window.to).toISOString(), series });
  }

  private shares(dimension: string, metric: string, before: boolean): { key: string; share: number }[] {
    const attacked = !before && this.attack() !== undefined && /login|event/.test(metric);
    const weigh = attacked && metric !== "events" ? 1 : attacked ? 0.04 : 0;
    const tables: Record<string, [string, number, number][]> = {
      ip: [["203.0.113.47", 0.002, 0.031], ["198.51.100.77", 0.004, 0.027], ["192.0.2.18", 0.011, 0.009], ["203.0.113.12", 0.001, 0.025], ["2001:db8:4::9a", 0.009, 0.006], ["192.0.2.140", 0.008, 0.006], ["198.51.100.200", 0.007, 0.005]],
      asn: [["64496", 0.312, 0.14], ["64497", 0.188, 0.07], ["64500", 0.002, 0.562], ["64503", 0.121, 0.05], ["64511", 0.001, 0.118], ["64498", 0.094, 0.03]],
      country: [["SE", 0.29, 0.14], ["NL", 0.031, 0.513], ["NO", 0.21, 0.09], ["DE", 0.14, 0.08], ["BR", 0.09, 0.04], ["JP", 0.06, 0.03]],
      path: [["/v1/orders", 0.21, 0.2], ["/v1/search", 0.17, 0.16], ["/checkout", 0.088, 0.08], ["/v1/profile", 0.07, 0.07], ["/v1/payment-methods", 0.031, 0.04], ["/v1/addresses", 0.022, 0.02]],
      email_domain: [["example.com", 0.649, 0.669], ["example.org", 0.187, 0.17], ["example.net", 0.104, 0.11], ["mail.example", 0.04, 0.03]],
      user_agent: [
        ["Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0", 0.142, 0.06],
        ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36", 0.42, 0.18],
        ["python-requests/2.32", 0.004, 0.463],
        ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1", 0.22, 0.1],
      ],
      type: [["api.request", 0.94, 0.94], ["email.send", 0.009, 0.009], ["account.login", 0.0048, 0.01]],
      source: [["https://shop.example.com", 0.4, 0.4], ["https://api.example.com", 0.35, 0.35], ["https://app.example.com", 0.2, 0.2], ["mail-relay-1.example.net", 0.05, 0.05]],
      status: [["200", 0.9, 0.9], ["404", 0.05, 0.05], ["500", 0.003, 0.003]],
      user_id: [["lena.jonsson", 0.001, 0.001], ["hsato77", 0.0009, 0.0009], [LONG_NAME, 0.0008, 0.0008]],
    };
    return (tables[dimension] ?? [])
      .map(([key, calm, hot]) => ({ key: dimension === "path" && this.state === "longname" ? `${key}/${"a-very-long-part-of-a-path/".repeat(7)}` : key, share: calm * (1 - weigh) + hot * weigh }))
      .sort((a, b) => b.share - a.share);
  }

  private top(q: URLSearchParams): Answer {
    const metric = q.get("metric") ?? "events";
    const window = this.window(q);
    if ("status" in window) return window;
    if (!CALM[metric]) return problem(400, "Bad parameter", `There is no metric called ${metric}.`);
    if (this.state === "empty" || this.state === "one") return ok({ items: [] });
    const before = window.to < this.now() - 10 * SECOND;
    const total = ((this.mean(metric, window.from, window.to) ?? 0) * (window.to - window.from)) / SECOND;
    const jitter = (key: string) => 1 + 0.12 * (hash(key, before ? 1 : 0) - 0.5);
    return ok({
      items: this.shares(q.get("dimension") ?? "ip", metric, before)
        .map((s) => ({ key: s.key, value: Math.round(total * s.share), share: s.share * jitter(s.key) }))
        .slice(0, Number(q.get("limit") ?? 10)),
    });
  }

  // Events

  /** Event number n; the same whenever it is asked for. */
  private event(n: number): WeirEvent {
    const at = (n / LISTED_PER_SECOND) * SECOND;
    const r = (salt: string) => hash(salt, n);
    const pick = <T>(list: readonly T[], salt: string): T => list[Math.floor(r(salt) * list.length)] as T;
    const attack = this.episodes.find((e) => at >= e.from && (e.to === null || at < e.to));
    const hostile = attack !== undefined && r("hostile") < 0.45;
    const first = pick(["lena", "kofi", "mary", "tom", "priya", "hana", "okafor", "mirela", "paul", "ana", "jon", "sara"], "first");
    const last = pick(["jonsson", "mensah", "johnson", "hale", "raman", "sato", "brandt", "duarte", "reyes", "lind", "berg"], "last");
    const user = this.state === "longname" && r("long") < 0.3 ? LONG_NAME : `${first}.${last}`;
    const domain = pick(["example.com", "example.com", "example.org", "example.net"], "domain");
    const agent = hostile
      ? "python-requests/2.32"
      : pick(["Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"], "agent");
    const common = {
      ip: hostile ? `203.0.113.${Math.floor(r("ip") * 250)}` : r("v6") < 0.2 ? `2001:db8:${Math.floor(r("ip") * 9)}::${Math.floor(r("ip2") * 4000).toString(16)}` : `192.0.2.${Math.floor(r("ip") * 250)}`,
      country: hostile ? pick(["NL", "NL", "DE"], "country") : pick(["SE", "SE", "NO", "DE", "BR", "JP", "GH"], "country"),
      asn: hostile ? pick([64500, 64511], "asn") : pick([64496, 64497, 64503, 64498], "asn"),
      user_agent: agent,
      ...(hostile ? {} : { device_id: `dev-${Math.floor(r("device") * 65536).toString(16)}`, session_id: `s-${Math.floor(r("session") * 1e9).toString(36)}` }),
    };
    const kind = hostile ? (attack?.scenario === "signup_fraud" ? "account.signup" : "account.login") : pick(["api.request", "api.request", "api.request", "api.request", "api.request", "email.send", "account.login", "account.mfa", "account.logout", "account.signup", "account.password_reset", "account.password_change"], "kind");
    const data = ((): Record<string, unknown> => {
      switch (kind) {
        case "account.login": {
          const failed = hostile ? r("fail") < 0.98 : r("fail") < 0.05;
          return { user_id: user, ...common, outcome: failed ? "failure" : "success", auth_method: "password", ...(failed ? { reason: r("reason") < 0.8 ? "wrong_password" : "no_such_account" } : {}) };
        }
        case "account.signup":
          return { user_id: user, ...common, email: `${first}.${last}@${domain}` };
        case "account.mfa":
          return { user_id: user, ...common, outcome: r("fail") < 0.1 ? "failure" : "success", auth_method: "totp" };
        case "account.password_change":
          return { user_id: user, ...common, outcome: "success" };
        case "account.password_reset":
        case "account.logout":
          return { user_id: user, ...common };
        case "email.send":
          return { recipient: `${first}.${last}@${domain}`, status: r("mail") < 0.02 ? "bounced" : r("mail") < 0.5 ? "delivered" : "sent", user_id: user, template: "welcome", provider: "relay-1", message_id: `m-${n}` };
        default:
          return { ...common, user_id: user, method: r("method") < 0.8 ? "GET" : "POST", path: pick(["/v1/orders", "/v1/search", "/checkout", "/v1/profile"], "path"), status: r("status") < 0.95 ? 200 : 404, latency_ms: Math.round(20 + 200 * r("lat") ** 3), bytes: Math.round(9000 * r("bytes")) };
      }
    })();
    return {
      specversion: "1.0",
      id: `sim-1-${n}`,
      source: kind === "email.send" ? "mail-relay-1.example.net" : kind === "api.request" ? "https://api.example.com" : "https://app.example.com",
      type: kind,
      time: new Date(at).toISOString(),
      data,
      weirreceived: new Date(at + 18 + Math.floor(r("wait") * 30)).toISOString(),
      weirpartition: n % 4,
      weiroffset: Math.floor(n / 4),
      ...(hostile ? { weirtruth: `${attack.scenario}/1` } : {}),
    };
  }

  private events(q: URLSearchParams): Answer {
    const known = ["from", "to", "type", "user_id", "ip", "country", "asn", "outcome", "path", "status", "delivery", "email_domain", "device_id", "source", "id", "limit", "cursor"];
    for (const name of q.keys()) if (!known.includes(name)) return problem(400, "Bad parameter", `There is no parameter called ${name}.`);
    const window = this.window(q);
    if ("status" in window) return window;
    if (this.state === "empty") return ok({ items: [], next_cursor: null });
    if (this.state === "one") {
      const event = { ...this.event(7), type: "account.login", time: new Date(this.born - 3 * MINUTE).toISOString(), data: { user_id: "lena.jonsson", ip: "192.0.2.18", outcome: "success", country: "SE", asn: 64496 } };
      return ok({ items: [event].filter((e) => matches(e, q)), next_cursor: null });
    }
    const limit = Number(q.get("limit") ?? 100);
    if (!(limit >= 1 && limit <= 1000)) return problem(400, "Bad parameter", "limit is a number from 1 to 1000.");
    const id = /^sim-1-(\d+)$/.exec(q.get("id") ?? "");
    const number = (ms: number) => Math.ceil((ms / SECOND) * LISTED_PER_SECOND);
    // Without `from` the list goes back a day, far enough for a double.
    const oldest = q.has("from") ? number(window.from) : number(this.now()) - LISTED_PER_SECOND * 86_400;
    let n = id ? Number(id[1]) : q.has("cursor") ? Number(q.get("cursor")) : number(window.to) - 1;
    const items: WeirEvent[] = [];
    let looked = 0;
    for (; n >= oldest && items.length < limit && looked < 60_000; n--, looked++) {
      const event = this.event(n);
      if (matches(event, q)) items.push(event);
      if (id) break;
    }
    return ok({ items, next_cursor: !id && (items.length === limit || looked === 60_000) && n >= oldest ? String(n) : null });
  }

  private search(q: URLSearchParams): Answer {
    const wanted = (q.get("q") ?? "").trim().toLowerCase();
    if (wanted === "") return problem(400, "Bad parameter", "q is empty.");
    const hits: SearchHit[] = [];
    const now = this.now();
    const hit = (kind: string, id: string, title: string, snippet: string, age: number) => {
      const find = (s: string): [number, number][] => {
        const at = s.toLowerCase().indexOf(wanted);
        return at < 0 ? [] : [[at, at + wanted.length]];
      };
      if (find(title).length + find(snippet).length === 0) return;
      hits.push({ kind, id, title, snippet, highlights: [{ field: "title", ranges: find(title) }, { field: "snippet", ranges: find(snippet) }], score: 1, time: new Date(now - age).toISOString() });
    };
    if (this.state !== "empty" && this.state !== "one") {
      hit("user", "lena.jonsson", "lena.jonsson", "lena.jonsson@example.org, Sweden", 5 * MINUTE);
      hit("user", "mary.johnson", "mary.johnson", "mary.johnson@example.com, Canada", 12 * MINUTE);
      hit("ip", "203.0.113.47", "203.0.113.47", "AS64500, Netherlands", MINUTE);
      hit("email_domain", "example.org", "example.org", "187 accounts", 2 * MINUTE);
      for (const f of this.findings()) hit("finding", f.id, f.rule.title, f.sentence, 20 * MINUTE);
      for (let n = Math.floor((now / SECOND) * LISTED_PER_SECOND) - 1, i = 0; i < 120 && hits.length < 12; n--, i++) {
        const e = this.event(n);
        hit("event", `${e.source} ${e.id}`, `${e.type}, ${text(e.data["user_id"])}`, `from ${text(e.data["ip"])}`, i * 50);
      }
    }
    const kinds: Record<string, number> = {};
    for (const h of hits) kinds[h.kind] = (kinds[h.kind] ?? 0) + 1;
    return ok({ query: q.get("q"), hits, facets: { kind: kinds }, took_ms: 11 });
  }

  private simulation(): Simulation {
    return { running: this.running, rate: this.rate, attack: this.attack()?.scenario ?? null, scenarios: SCENARIOS };
  }

  private changeSimulation(body: string): Answer {
    let change: Record<string, unknown>;
    try {
      change = JSON.parse(body) as Record<string, unknown>;
    } catch {
      return problem(400, "Malformed JSON", "The body is no JSON.");
    }
    if ("rate" in change && !(typeof change["rate"] === "number" && change["rate"] >= 0)) return problem(422, "Not possible", "rate is a number, 0 or more.");
    const attack = change["attack"];
    if (typeof attack === "string" && !SCENARIOS.some((s) => s.name === attack)) return problem(422, "Not possible", `There is no scenario called ${attack}.`);
    const now = this.now();
    if (typeof change["running"] === "boolean") this.running = change["running"];
    if (typeof change["rate"] === "number") this.rate = change["rate"];
    if ("attack" in change) {
      for (const e of this.episodes) e.to ??= now;
      if (typeof attack === "string") this.episodes.push({ scenario: attack, from: now, to: null });
    }
    if (this.state === "empty" && this.rate > 0 && this.running) this.state = "normal";
    return ok(this.simulation());
  }

  private health(): Health {
    const ill = this.state === "ill";
    return {
      status: ill ? "degraded" : "ok",
      version: "0.1.0-double",
      uptime_s: 26 * 3600,
      components: [
        { name: "log", engine: "RocksDB", status: "ok", latency_ms: 0.4, message: null },
        { name: "store", engine: "ClickHouse, embedded", status: "ok", latency_ms: 3.1, message: null },
        { name: "index", engine: "Xapian", status: ill ? "down" : "ok", latency_ms: ill ? null : 1.2, message: ill ? "the index cannot be opened: no space left on device" : null },
        { name: "worker", engine: "4 partitions", status: "ok", latency_ms: 25, message: null },
        { name: "simulator", engine: "in the process", status: "ok", latency_ms: null, message: this.silent() ? "off" : null },
      ],
    };
  }
}

const LONG_NAME = `${"wolfeschlegelsteinhausenbergerdorff.".repeat(6)}`.slice(0, 200);

function ok(body: unknown): Answer {
  return { status: 200, body };
}

function problem(status: number, title: string, detail: string): Answer {
  return { status, body: { type: "about:blank", title, status, detail }, type: "application/problem+json" };
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function matches(event: WeirEvent, q: URLSearchParams): boolean {
  const email = event.type === "email.send";
  const value = (name: string): string => {
    if (name === "type" || name === "source" || name === "id") return event[name];
    if (name === "delivery") return email ? text(event.data["status"]) : "";
    if (name === "status") return email ? "" : text(event.data["status"]);
    if (name === "email_domain") return text(event.data["email"] ?? event.data["recipient"]).split("@")[1] ?? "";
    return text(event.data[name]);
  };
  for (const name of new Set(q.keys())) {
    if (["from", "to", "limit", "cursor"].includes(name)) continue;
    if (!q.getAll(name).includes(value(name))) return false;
  }
  return true;
}

/** A number in [0, 1) that depends on nothing but its arguments. */
function hash(salt: string, n: number): number {
  let h = 2166136261 ^ (n & 0xffffffff) ^ Math.floor(n / 4294967296);
  for (let i = 0; i < salt.length; i++) h = Math.imul(h ^ salt.charCodeAt(i), 16777619);
  h = Math.imul(h ^ (h >>> 16), 2246822507);
  h = Math.imul(h ^ (h >>> 13), 3266489909);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}
