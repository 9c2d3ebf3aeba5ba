import { replaceEqualDeep } from "@tanstack/react-query";
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
  /** Calls back when the tab is hidden or seen again; returns how to end that. */
  onSeen?: (changed: (seen: boolean) => void) => () => void;
}

/** The page redraws numbers at most this often, however fast they come. */
const SHOW_EVERY_MS = 250;
/** The stream speaks 8–10 times a second while something changes; this long without a word asks for proof of life. */
const SILENT_AFTER_MS = 2500;
const ASK_EVERY_MS = 2000;
const ASK_WITHIN_MS = 4000;
/** Nobody looks at a hidden tab, but its title tells whether there is an attack. */
const ASK_HIDDEN_EVERY_MS = 15_000;
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
  private hidden = false;
  private deaf: (() => void) | undefined;
  private stream: AbortController | null = null;
  private streamHeardAt: number | null = null;
  private gaps: { at: number; ms: number }[] = [];

  constructor(private readonly ports: LivePorts = browserPorts) {}

  start(): void {
    this.watchTimer = setInterval(() => this.watch(), 500);
    this.deaf = this.ports.onSeen?.((seen) => this.see(seen));
    void this.askNow();
    if (!this.hidden) void this.connect();
  }

  stop(): void {
    this.deaf?.();
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

  /** A hidden tab costs nothing: its stream is closed, and opened again when it is seen. */
  private see(seen: boolean): void {
    if (this.hidden === !seen) return;
    this.hidden = !seen;
    if (this.hidden) {
      this.streamHeardAt = null;
      this.gaps = [];
      clearTimeout(this.reopenTimer);
      this.stream?.abort();
      this.stream = null;
    } else {
      void this.askNow();
      void this.connect();
    }
  }

  private async connect(): Promise<void> {
    const began = this.ports.now();
    const stream = new AbortController();
    this.stream = stream;
    try {
      await this.ports.open(
        AbortSignal.any([this.stopper.signal, stream.signal]),
        (overview) => this.heardFromStream(overview),
        () => this.findingListeners.forEach((l) => l()),
      );
    } catch {
      // Whether this matters is decided by watch(): it asks Weir directly.
    }
    if (this.stopper.signal.aborted || stream.signal.aborted) return;
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
    const before = this.pending ?? this.state;
    // What has not changed stays the same object, and is not drawn again.
    const shared = replaceEqualDeep(before.overview, overview);
    const changed = shared !== before.overview;
    this.show({
      overview: shared,
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
    if (silent && !this.asking && now - this.askedAt >= (this.hidden ? ASK_HIDDEN_EVERY_MS : ASK_EVERY_MS)) void this.askNow();
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
  onSeen: (changed) => {
    const tell = () => changed(!document.hidden);
    document.addEventListener("visibilitychange", tell);
    tell();
    return () => document.removeEventListener("visibilitychange", tell);
  },
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
