// Which events a view shows. Kept in the URL under the names of the API, so that a link is the view.

export const FILTER_FIELDS = [
  "type",
  "user_id",
  "ip",
  "country",
  "asn",
  "outcome",
  "path",
  "status",
  "delivery",
  "email_domain",
  "device_id",
  "source",
  "id",
] as const;

export type FilterField = (typeof FILTER_FIELDS)[number];

/** Values of one field mean "or", fields mean "and". */
export type Filters = Partial<Record<FilterField, string[]>>;

export const FIELD_WORDS: Record<FilterField, string> = {
  type: "kind of event",
  user_id: "account",
  ip: "address",
  country: "country",
  asn: "network",
  outcome: "outcome",
  path: "path",
  status: "HTTP status",
  delivery: "delivery",
  email_domain: "email domain",
  device_id: "device",
  source: "source",
  id: "event id",
};

export function readFilters(search: URLSearchParams): Filters {
  const filters: Filters = {};
  for (const field of FILTER_FIELDS) {
    const values = search.getAll(field).filter((v) => v !== "");
    if (values.length > 0) filters[field] = [...new Set(values)];
  }
  return filters;
}

export function writeFilters(search: URLSearchParams, filters: Filters): URLSearchParams {
  for (const field of FILTER_FIELDS) {
    search.delete(field);
    for (const value of filters[field] ?? []) search.append(field, value);
  }
  return search;
}

export function withFilter(filters: Filters, field: FilterField, value: string): Filters {
  const values = filters[field] ?? [];
  return values.includes(value) ? filters : { ...filters, [field]: [...values, value] };
}

export function withoutFilter(filters: Filters, field: FilterField, value: string): Filters {
  const rest = (filters[field] ?? []).filter((v) => v !== value);
  const next = { ...filters };
  if (rest.length > 0) next[field] = rest;
  else delete next[field];
  return next;
}

export function isFilterField(name: string): name is FilterField {
  return (FILTER_FIELDS as readonly string[]).includes(name);
}

/** The metric that counts what these filters let through, where one exists. */
export function metricOf(filters: Filters): { metric: string; by: FilterField | null; key: string | null } | null {
  const type = only(filters.type);
  const rest = (Object.keys(filters) as FilterField[]).filter((f) => f !== "type");
  if (filters.type !== undefined && type === null) return null;
  const base: Record<string, string> = {
    "account.login": "logins",
    "account.signup": "signups",
    "account.password_reset": "password_resets",
    "api.request": "api_requests",
    "email.send": "emails",
  };
  const outcome = only(filters.outcome);
  const delivery = only(filters.delivery);
  if (rest.length === 1 && rest[0] === "outcome" && outcome === "failure") {
    if (type === "account.login") return { metric: "login_failures", by: null, key: null };
    if (type === "account.mfa") return { metric: "mfa_failures", by: null, key: null };
  }
  if (rest.length === 1 && rest[0] === "delivery" && type === "email.send") {
    if (delivery === "bounced") return { metric: "email_bounces", by: null, key: null };
    if (delivery === "complained") return { metric: "email_complaints", by: null, key: null };
  }
  if (type === null) {
    if (rest.length === 0) return { metric: "events", by: null, key: null };
    const field = rest[0];
    const key = field === undefined ? null : only(filters[field]);
    return rest.length === 1 && field !== undefined && key !== null ? { metric: "events", by: field, key } : null;
  }
  const metric = base[type];
  if (metric === undefined) return rest.length === 0 ? { metric: "events", by: "type", key: type } : null;
  if (rest.length === 0) return { metric, by: null, key: null };
  const field = rest[0];
  const key = field === undefined ? null : only(filters[field]);
  return rest.length === 1 && field !== undefined && key !== null ? { metric, by: field, key } : null;
}

function only(values: string[] | undefined): string | null {
  return values?.length === 1 ? (values[0] ?? null) : null;
}
