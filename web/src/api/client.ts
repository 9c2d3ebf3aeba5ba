import { Trouble, troubleOf } from "./problem";

export type Params = Record<string, string | number | readonly string[] | null | undefined>;

const ANSWER_WITHIN_MS = 15_000;
const TOKEN_KEY = "weir.token";

/** The token of this browser tab; gone when the tab closes. */
export const token = {
  get(): string | null {
    try {
      return sessionStorage.getItem(TOKEN_KEY);
    } catch {
      return null; // A browser that forbids storage: the page then works where no token is needed.
    }
  },
  set(value: string | null): void {
    try {
      if (value === null || value === "") sessionStorage.removeItem(TOKEN_KEY);
      else sessionStorage.setItem(TOKEN_KEY, value);
    } catch {
      // As above.
    }
  },
};

export function headers(more: Record<string, string> = {}): Record<string, string> {
  const bearer = token.get();
  return bearer === null ? more : { ...more, Authorization: `Bearer ${bearer}` };
}

export function url(path: string, params: Params = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === null || value === undefined) continue;
    if (typeof value === "object") for (const v of value) search.append(name, v);
    else search.append(name, String(value));
  }
  const query = search.toString();
  return `/api/v1${path}${query === "" ? "" : `?${query}`}`;
}

/** How far the server's clock is ahead of this computer's; 0 while it is within what the Date header can tell. */
let skewMs = 0;

export function serverNow(): number {
  return Date.now() + skewMs;
}

function noteServerTime(response: Response): void {
  const then = Date.parse(response.headers.get("date") ?? "");
  if (!Number.isFinite(then)) return;
  const difference = then + 500 - Date.now();
  skewMs = Math.abs(difference) > 2000 ? difference : 0;
}

/**
 * One call. Throws Trouble when no good answer comes within 15 s, and the caller's own abort as it is.
 */
export async function call(path: string, init: RequestInit & { params?: Params } = {}): Promise<Response> {
  const { params, signal, ...rest } = init;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), ANSWER_WITHIN_MS);
  const forward = () => limit.abort();
  signal?.addEventListener("abort", forward);
  if (signal?.aborted === true) limit.abort();
  try {
    const response = await fetch(url(path, params), { ...rest, signal: limit.signal });
    noteServerTime(response);
    if (!response.ok) throw await troubleOf(response);
    return response;
  } catch (error) {
    if (error instanceof Trouble || signal?.aborted === true) throw error;
    throw new Trouble(0, null);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", forward);
  }
}

export async function get<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  const response = await call(path, {
    params,
    headers: headers({ Accept: "application/json" }),
    ...(signal ? { signal } : {}),
  });
  return body<T>(response);
}

export async function put<T>(path: string, value: unknown): Promise<T> {
  const response = await call(path, {
    method: "PUT",
    headers: headers({ Accept: "application/json", "Content-Type": "application/json" }),
    body: JSON.stringify(value),
  });
  return body<T>(response);
}

async function body<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch {
    throw new Trouble(response.status, "the answer broke off or is no JSON", "unreadable answer");
  }
}
