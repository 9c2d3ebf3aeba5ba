// Events in words.
import type { EntityKind, WeirEvent } from "@/api/types";
import type { FilterField } from "./filters";

export const TYPE_WORDS: Record<string, string> = {
  "account.signup": "New account",
  "account.login": "Login",
  "account.logout": "Logout",
  "account.password_change": "Password change",
  "account.password_reset": "Password reset",
  "account.mfa": "Second factor",
  "api.request": "API request",
  "email.send": "Email",
};

export const EVENT_TYPES = Object.keys(TYPE_WORDS);

export function typeWord(type: string): string {
  return TYPE_WORDS[type] ?? type;
}

/** A field of an event's data as text; "" when the event does not have it. */
export function field(event: WeirEvent, name: string): string {
  const value = event.data[name];
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return "";
}

export interface Happened {
  what: string;
  /** A short word for how it ended; "" when it simply happened. */
  outcome: string;
  failed: boolean;
}

export function happened(event: WeirEvent): Happened {
  const outcome = field(event, "outcome");
  const failed = outcome === "failure";
  switch (event.type) {
    case "account.signup":
      return { what: "New account", outcome: "", failed: false };
    case "account.login":
      return { what: "Login", outcome: failed ? "failed" : "succeeded", failed };
    case "account.logout":
      return { what: "Logout", outcome: "", failed: false };
    case "account.password_change":
      return { what: "Password change", outcome: failed ? "failed" : "succeeded", failed };
    case "account.password_reset":
      return { what: "Password reset asked for", outcome: "", failed: false };
    case "account.mfa":
      return { what: "Second factor", outcome: failed ? "failed" : "succeeded", failed };
    case "api.request": {
      const status = field(event, "status");
      return { what: `${field(event, "method")} ${field(event, "path")}`.trim(), outcome: status, failed: Number(status) >= 400 };
    }
    case "email.send": {
      const status = field(event, "status");
      return { what: "Email", outcome: status, failed: status === "bounced" || status === "complained" };
    }
    default:
      return { what: event.type, outcome, failed };
  }
}

/** Whom it is about: the account, or for an email without one its recipient. */
export function account(event: WeirEvent): string {
  return field(event, "user_id");
}

/** One more thing worth reading in a row: why it failed, to whom, with what. */
export function remark(event: WeirEvent): string {
  if (event.type === "email.send") return field(event, "recipient");
  return reasonWords(field(event, "reason")) || program(field(event, "user_agent"));
}

export function reasonWords(reason: string): string {
  return reason.replaceAll("_", " ");
}

/** A browser or program by its short name: "Firefox 131 on Linux", "python-requests/2.32". */
export function program(userAgent: string): string {
  if (userAgent === "") return "";
  const system = SYSTEMS.find(([pattern]) => pattern.test(userAgent))?.[1];
  const on = system === undefined ? "" : ` on ${system}`;
  for (const [pattern, name] of [
    [/Edg\/(\d+)/, "Edge"],
    [/OPR\/(\d+)/, "Opera"],
    [/Firefox\/(\d+)/, "Firefox"],
    [/Chrome\/(\d+)/, "Chrome"],
    [/Version\/(\d+)[^ ]* .*Safari/, "Safari"],
  ] as const) {
    const found = pattern.exec(userAgent);
    if (found && userAgent.startsWith("Mozilla/")) return `${name} ${found[1] ?? ""}${on}`;
  }
  return (userAgent.split(" ")[0] ?? userAgent) + on;
}

const SYSTEMS = [
  [/iPhone|iPad|\biOS\b/, "iOS"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "macOS"],
  [/CrOS/, "ChromeOS"],
  [/Linux|X11/, "Linux"],
] as const;

/** Stays the same for an event whenever it is read: its identity. */
export function eventKey(event: { source: string; id: string }): string {
  return `${event.source} ${event.id}`;
}

export const KIND_WORDS: Record<EntityKind, { one: string; many: string }> = {
  user: { one: "Account", many: "Accounts" },
  ip: { one: "Address", many: "Addresses" },
  asn: { one: "Network", many: "Networks" },
  country: { one: "Country", many: "Countries" },
  email_domain: { one: "Email domain", many: "Email domains" },
  device: { one: "Device", many: "Devices" },
};

export function isEntityKind(kind: string): kind is EntityKind {
  return kind in KIND_WORDS;
}

export const FIELD_OF_KIND: Record<EntityKind, FilterField> = {
  user: "user_id",
  ip: "ip",
  asn: "asn",
  country: "country",
  email_domain: "email_domain",
  device: "device_id",
};

export function kindOfField(name: string): EntityKind | null {
  for (const [kind, filter] of Object.entries(FIELD_OF_KIND)) if (filter === name) return kind as EntityKind;
  return null;
}

const regions = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });

export function countryName(code: string): string {
  if (!/^[A-Z]{2}$/.test(code)) return code;
  try {
    return regions.of(code) ?? code;
  } catch {
    return code;
  }
}

/** A key of a dimension or filter as people say it. */
export function keyWords(name: string, key: string): string {
  if (key === "(other)") return "all others";
  if (name === "country") return countryName(key);
  if (name === "asn") return /^\d+$/.test(key) ? `AS${key}` : key;
  if (name === "type") return typeWord(key);
  if (name === "user_agent") return program(key);
  if (name === "outcome") return key === "failure" ? "failed" : key === "success" ? "succeeded" : key;
  return key;
}

export const REASON_WORDS: Record<string, { title: string; todo: string }> = {
  malformed_json: {
    title: "Not readable as JSON",
    todo: "The sender's program writes broken JSON or text that is not UTF-8. Show its maker the sample.",
  },
  not_cloudevent: {
    title: "Not a CloudEvent",
    todo: "It is JSON, but specversion, id, source, type or data is missing or of the wrong kind.",
  },
  too_large: {
    title: "Larger than 64 KiB",
    todo: "An event may hold at most 64 KiB. Send large payloads elsewhere and only a reference here.",
  },
  missing_field: {
    title: "A required field is missing",
    todo: "The sender leaves out, or leaves empty, a field that this kind of event needs.",
  },
  wrong_type: {
    title: "A field has the wrong type",
    todo: "For example a number sent as text. The sender must change the type of this field.",
  },
  out_of_range: {
    title: "A value out of its range",
    todo: "The type is right, the value is not allowed: an address or a time that cannot be read, or an unknown word.",
  },
  unknown_type: {
    title: "A type Weir does not know",
    todo: "Weir reads eight kinds of event. Rename the type at the sender, or stop sending it here.",
  },
  time_in_future: {
    title: "More than 5 minutes ahead",
    todo: "The sender's clock is wrong. Set it by NTP.",
  },
  time_too_old: {
    title: "Older than the store keeps",
    todo: "It happened before the retention limit began. Raise --retention to keep such events.",
  },
};
