// Numbers and times as people read them. Pure functions; the page's language is English and its zone UTC.

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const MINUS = "\u2212";
/** Keeps a number and what belongs to it on one line. */
const NBSP = "\u00a0";

/** 3654201776 → "3,654,201,776". */
export function whole(n: number): string {
  return grouped.format(n);
}

function decimals(n: number, digits: number): string {
  return n.toFixed(digits);
}

/** At most three significant digits and two decimals: 2.02 k, 74, 11.8, 0.31. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value < 0) return MINUS + figure(-value);
  for (const [size, sign] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    // 999.6 reads as 1.00 k, not as 1000.
    if (value >= size * 0.9995) return three(value / size) + NBSP + sign;
  }
  return three(value);
}

function three(value: number): string {
  if (value >= 99.95) return decimals(value, 0);
  if (value >= 9.995) return decimals(value, 1);
  return decimals(value, 2);
}

/** For things that are counted: 74 and 7, not 74.0 and 7.00. */
export function countFigure(value: number): string {
  if (value >= 999.5 || value < 0) return figure(value);
  if (value >= 9.95) return decimals(value, 0);
  const one = decimals(value, 1);
  return one.endsWith(".0") ? one.slice(0, -2) : one;
}

/** 0.118 → "11.8". Used with a percent sign or with the words "in a hundred". */
export function percentFigure(ratio: number): string {
  const percent = ratio * 100;
  if (percent === 0) return "0";
  if (percent >= 99.995) return "100";
  // Nearly everything is not everything.
  if (percent >= 99.95) return decimals(Math.min(percent, 99.99), 2);
  if (percent < 0.005) return "<\u200a0.01";
  return three(percent);
}

export function percent(ratio: number): string {
  return percentFigure(ratio) + NBSP + "%";
}

/** 84 → "84 ms", 1234 → "1.2 s". */
export function milliseconds(ms: number): string {
  if (ms < 1) return `under${NBSP}1${NBSP}ms`;
  if (ms < 999.5) return `${Math.round(ms)}${NBSP}ms`;
  return duration(ms);
}

/** A length of time in its largest fitting unit: "2 s", "47 min", "3 h", "5 days". */
export function duration(ms: number): string {
  const s = ms / 1000;
  if (s < 9.95) return `${decimals(s, s < 1 ? 1 : s % 1 < 0.05 ? 0 : 1)}${NBSP}s`;
  if (s < 59.5) return `${Math.round(s)}${NBSP}s`;
  const min = s / 60;
  if (min < 59.5) return `${Math.round(min)}${NBSP}min`;
  const h = min / 60;
  if (h < 47.5) return `${h < 9.95 && Math.round(h * 10) % 10 !== 0 ? decimals(h, 1) : Math.round(h)}${NBSP}h`;
  return `${Math.round(h / 24)}${NBSP}days`;
}

/** "now", "2 s ago", "19 min ago". */
export function ago(then: number, now: number): string {
  const ms = now - then;
  if (ms < 1500) return "now";
  if (ms < 59_500) return `${Math.round(ms / 1000)}${NBSP}s${NBSP}ago`;
  return `${duration(ms)}${NBSP}ago`;
}

const two = (n: number) => String(n).padStart(2, "0");
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "14:26:40" or with milliseconds "14:26:40.123". */
export function clock(ms: number, withMilliseconds = false): string {
  const d = new Date(ms);
  const base = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
  return withMilliseconds ? `${base}.${String(d.getUTCMilliseconds()).padStart(3, "0")}` : base;
}

/** "14:26". */
export function hourMinute(ms: number): string {
  const d = new Date(ms);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
}

/** Since when, as short as it is clear: "14:26", or with its day when that is not today. */
export function sinceWord(ms: number, now: number): string {
  return now - ms < 20 * 3_600_000 ? hourMinute(ms) : `${day(ms)}, ${hourMinute(ms)}`;
}

/** A label within a sentence: "API errors", but "failed logins". */
export function inSentence(label: string): string {
  return /^[A-Z]{2}/.test(label) ? label : label.charAt(0).toLowerCase() + label.slice(1);
}

/** "24 Nov". */
export function day(ms: number): string {
  const d = new Date(ms);
  return `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()] ?? ""}`;
}

/** "Tue 24 Nov 2026, 14:26:40 UTC". */
export function exact(ms: number, withMilliseconds = false): string {
  if (!Number.isFinite(ms)) return "an unknown time";
  const d = new Date(ms);
  return `${DAYS[d.getUTCDay()] ?? ""} ${day(ms)} ${d.getUTCFullYear()}, ${clock(ms, withMilliseconds)} UTC`;
}

/** Time of day, with the day before it when it is not today. */
export function shortTime(ms: number, now: number, withMilliseconds = false): string {
  const sameDay = Math.floor(ms / 86_400_000) === Math.floor(now / 86_400_000);
  return (sameDay ? "" : `${day(ms)} `) + clock(ms, withMilliseconds);
}

/** Plain English plural for regular nouns: plural(1, "event") → "1 event". */
export function plural(n: number, noun: string, nouns = `${noun}s`): string {
  return `${whole(n)}${NBSP}${n === 1 ? noun : nouns}`;
}

/** "a, b and c". */
export function listed(words: string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}
