import { get, headers, serverNow, url } from "./client";
import { Trouble, troubleOf } from "./problem";
import { readEvents } from "./sse";
import type { Overview } from "./types";

/**
 * connecting: nothing came yet. live: the stream brings numbers. quiet: the stream is silent but Weir answers, so
 * nothing changes. lost: Weir does not answer, and what is shown is old.
 */
export type Link = "connecting" | "live" | "quiet" | "lost";

export interface LiveState {
  overview: Overview | null;
  link: Link;
  /** When numbers last came, by the server's clock as all times of the page; null before the first. */
  heardAt: number | null;
  /** When numbers last differed from those before. */
  changedAt: number | null;
  /** The longest wait between two messages within the last second or so; null while the stream is silent. */
  gapMs: number | null;
  /** Why it is lost. */
  trouble: Trouble | null;
}

/** What the feed needs from the world; tests bring their own. */
export interface LivePorts {
  open: (signal: AbortSignal, onOverview: (o: Overview) => void, onFinding: () => void) => Promise<void>;
  ask: (signal: AbortSignal) => Promise<Overview>;
  now: () => number;
}

/** The page redraws numbers at most this often, however fast they come. */
const SHOW_EVERY_MS = 250;
/** The stream speaks 8–10 times a second while something changes; this long without a word asks for proof of life. */
const SILENT_AFTER_MS = 2500;
const ASK_EVERY_MS = 2000;
const ASK_WITHIN_MS = 4000;
const REOPEN_FIRST_MS = 500;
const REOPEN_LAST_MS = 8000;

/**
 * Keeps the newest overview and knows whether it can be trusted. One for the whole page.
 * Not started until start(); stop() ends it for good.
 */
export class LiveFeed {
  private state: LiveState = {
    overview: null,
    link: "connecting",
    heardAt: null,
    changedAt: null,
    gapMs: null,
    trouble: null,
  };
  private readonly listeners = new Set<() => void>();
  private readonly findingListeners = new Set<() => void>();
  private readonly stopper = new AbortController();
  private pending: LiveState | null = null;
  private shownAt = 0;
  private showTimer: ReturnType<typeof setTimeout> | undefined;
  private watchTimer: ReturnType<typeof setInterval> | undefined;
  private reopenTimer: ReturnType<typeof setTimeout> | undefined;
  private reopenMs = REOPEN_FIRST_MS;
  private askedAt = 0;
  private asking = false;
  private lastText = "";
  private streamHeardAt: number | null = null;
  private gaps: { at: number; ms: number }[] = [];

  constructor(private readonly ports: LivePorts = browserPorts) {}

  start(): void {
    this.watchTimer = setInterval(() => this.watch(), 500);
    void this.connect();
    void this.askNow();
  }

  stop(): void {
    this.stopper.abort();
    clearInterval(this.watchTimer);
    clearTimeout(this.showTimer);
    clearTimeout(this.reopenTimer);
  }

  readonly get = (): LiveState => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly onFinding = (listener: () => void): (() => void) => {
    this.findingListeners.add(listener);
    return () => this.findingListeners.delete(listener);
  };

  /** Asks at once, for example after a switch was flipped. */
  readonly refresh = (): void => {
    void this.askNow();
  };

  private async connect(): Promise<void> {
    const began = this.ports.now();
    try {
      await this.ports.open(
        this.stopper.signal,
        (overview) => this.heardFromStream(overview),
        () => this.findingListeners.forEach((l) => l()),
      );
    } catch {
      // Whether this matters is decided by watch(): it asks Weir directly.
    }
    if (this.stopper.signal.aborted) return;
    // A stream that lived was a good one: begin again at once. One that broke at once is asked for more and more rarely.
    this.reopenMs = this.ports.now() - began > 5000 ? REOPEN_FIRST_MS : Math.min(this.reopenMs * 2, REOPEN_LAST_MS);
    this.reopenTimer = setTimeout(() => void this.connect(), this.reopenMs);
  }

  private heardFromStream(overview: Overview): void {
    const now = this.ports.now();
    if (this.streamHeardAt !== null) this.gaps.push({ at: now, ms: now - this.streamHeardAt });
    this.gaps = this.gaps.filter((g) => now - g.at < 1500);
    this.streamHeardAt = now;
    this.heard(overview, "live");
  }

  private heard(overview: Overview, link: Link): void {
    const now = this.ports.now();
    const text = JSON.stringify(overview);
    const changed = text !== this.lastText;
    this.lastText = text;
    const before = this.pending ?? this.state;
    this.show({
      overview: changed ? overview : before.overview,
      link,
      heardAt: now,
      changedAt: changed ? now : before.changedAt,
      gapMs: link === "live" && this.gaps.length > 0 ? Math.max(...this.gaps.map((g) => g.ms)) : null,
      trouble: null,
    });
  }

  private watch(): void {
    const now = this.ports.now();
    const silent = this.streamHeardAt === null || now - this.streamHeardAt > SILENT_AFTER_MS;
    if (silent && !this.asking && now - this.askedAt >= ASK_EVERY_MS) void this.askNow();
  }

  private async askNow(): Promise<void> {
    if (this.asking || this.stopper.signal.aborted) return;
    this.asking = true;
    this.askedAt = this.ports.now();
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), ASK_WITHIN_MS);
    try {
      const overview = await this.ports.ask(limit.signal);
      const now = this.ports.now();
      const speaks = this.streamHeardAt !== null && now - this.streamHeardAt <= SILENT_AFTER_MS;
      this.heard(overview, speaks ? "live" : "quiet");
    } catch (error) {
      const now = this.ports.now();
      const speaks = this.streamHeardAt !== null && now - this.streamHeardAt <= SILENT_AFTER_MS;
      if (!speaks && !this.stopper.signal.aborted) {
        const trouble = error instanceof Trouble ? error : new Trouble(0, null);
        this.show({ ...(this.pending ?? this.state), link: "lost", gapMs: null, trouble });
      }
    } finally {
      clearTimeout(timer);
      this.asking = false;
    }
  }

  /** Passes a state on, at most every SHOW_EVERY_MS; a change of the link is told at once. */
  private show(next: LiveState): void {
    const now = this.ports.now();
    const urgent = next.link !== this.state.link || next.overview?.state !== this.state.overview?.state;
    this.pending = next;
    if (urgent || now - this.shownAt >= SHOW_EVERY_MS) {
      this.flush();
    } else {
      this.showTimer ??= setTimeout(() => this.flush(), SHOW_EVERY_MS - (now - this.shownAt));
    }
  }

  private flush(): void {
    clearTimeout(this.showTimer);
    this.showTimer = undefined;
    if (!this.pending) return;
    this.state = this.pending;
    this.pending = null;
    this.shownAt = this.ports.now();
    this.listeners.forEach((l) => l());
  }
}

const browserPorts: LivePorts = {
  now: serverNow,
  ask: (signal) => get<Overview>("/overview", {}, signal),
  open: async (signal, onOverview, onFinding) => {
    const response = await fetch(url("/live"), { headers: headers({ Accept: "text/event-stream" }), signal });
    if (!response.ok) throw await troubleOf(response);
    await readEvents(response, ({ event, data }) => {
      if (event === "overview") onOverview(JSON.parse(data) as Overview);
      else if (event === "finding") onFinding();
    });
  },
};
