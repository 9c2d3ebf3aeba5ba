import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { get, token, url } from "./client";
import { LiveFeed, type LivePorts } from "./live";
import { explain, Trouble } from "./problem";
import { EventStreamParser, type ServerEvent } from "./sse";
import type { Overview } from "./types";

describe("the stream of server-sent events", () => {
  const parse = (...chunks: string[]) => {
    const out: ServerEvent[] = [];
    const parser = new EventStreamParser((e) => out.push(e));
    for (const c of chunks) parser.push(c);
    return out;
  };
  it("is cut at any byte and put together again", () => {
    const text = ": hello\r\n\r\nevent: overview\r\ndata: {\"a\":1}\r\n\r\nid: 7\ndata:x\ndata: y\n\n";
    const whole = parse(text);
    expect(whole).toEqual([
      { event: "overview", data: '{"a":1}' },
      { event: "message", data: "x\ny" },
    ]);
    for (let i = 1; i < text.length; i++) expect(parse(text.slice(0, i), text.slice(i))).toEqual(whole);
  });
  it("gives out nothing before an event is whole", () => {
    expect(parse("event: overview\ndata: 1\n")).toEqual([]);
  });
});

describe("a call", () => {
  const answer = (body: string, init: ResponseInit) => vi.stubGlobal("fetch", vi.fn(() => Promise.resolve(new Response(body, init))));
  it("gives lists of values as repeated parameters and leaves out what is not given", () => {
    expect(url("/events", { ip: ["a", "b"], type: undefined, cursor: null, limit: 5 })).toBe("/api/v1/events?ip=a&ip=b&limit=5");
  });
  it("turns problem+json into its sentence", async () => {
    answer(JSON.stringify({ title: "Bad parameter", detail: "step can be 1s." }), { status: 400, headers: { "Content-Type": "application/problem+json" } });
    const error = await get("/series").catch((e: unknown) => e);
    expect(error).toBeInstanceOf(Trouble);
    expect(explain(error, "the chart").happened).toBe("Weir cannot show the chart as asked. It says: step can be 1s.");
  });
  it("survives an error that is no JSON, and an answer that breaks off", async () => {
    answer("<html>proxy</html>", { status: 502, headers: { "Content-Type": "text/html" } });
    await expect(get("/x")).rejects.toMatchObject({ status: 502, detail: null });
    answer('{"half":', { status: 200, headers: { "Content-Type": "application/json" } });
    await expect(get("/x")).rejects.toBeInstanceOf(Trouble);
  });
  it("sends the token of this tab", async () => {
    answer("{}", { status: 200 });
    token.set("secret");
    await get("/x");
    expect(vi.mocked(fetch).mock.calls[0]?.[1]?.headers).toMatchObject({ Authorization: "Bearer secret" });
  });
  it("without an answer is told without a stack or a code", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
    const error = await get("/x").catch((e: unknown) => e);
    const words = Object.values(explain(error, "the chart")).join(" ");
    expect(words).toContain("did not answer");
    expect(words).not.toMatch(/TypeError|fetch|undefined/);
  });
});

it("every status is told in three parts, and none of them is empty", () => {
  for (const status of [0, 400, 401, 403, 404, 405, 413, 422, 500, 503]) {
    const words = explain(new Trouble(status, null), "this");
    for (const part of [words.happened, words.means, words.todo]) expect(part.length).toBeGreaterThan(10);
  }
});

describe("the live feed", () => {
  const overview = (n: number): Overview => ({ state: "normal", sentence: `Normal ${n}`, tiles: [], findings: [] });
  let push: ((o: Overview) => void) | undefined;
  let ask: () => Promise<Overview>;
  let see: ((seen: boolean) => void) | undefined;
  let opened = 0;
  let closed = 0;
  let asked = 0;
  let feed: LiveFeed;
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 });
    push = undefined;
    opened = closed = asked = 0;
    ask = () => Promise.resolve(overview(0));
    const ports: LivePorts = {
      now: () => Date.now(),
      ask: () => {
        asked++;
        return ask();
      },
      open: (signal, onOverview) =>
        new Promise((_, reject) => {
          opened++;
          push = onOverview;
          signal.addEventListener("abort", () => {
            closed++;
            reject(new Error("stopped"));
          });
        }),
      onSeen: (changed) => {
        see = changed;
        changed(true);
        return () => (see = undefined);
      },
    };
    feed = new LiveFeed(ports);
    feed.start();
  });
  afterEach(() => {
    feed.stop();
    vi.useRealTimers();
  });

  it("shows numbers at most four times a second, and always the newest", async () => {
    await vi.advanceTimersByTimeAsync(300);
    let drawn = 0;
    feed.subscribe(() => drawn++);
    for (let i = 1; i <= 20; i++) {
      push?.(overview(i));
      await vi.advanceTimersByTimeAsync(100);
    }
    await vi.advanceTimersByTimeAsync(250);
    expect(drawn).toBeGreaterThanOrEqual(7);
    expect(drawn).toBeLessThanOrEqual(10);
    expect(feed.get().overview?.sentence).toBe("Normal 20");
    expect(feed.get().link).toBe("live");
  });

  it("knows silence from death: a Weir that answers is quiet", async () => {
    push?.(overview(1));
    ask = () => Promise.resolve(overview(1));
    await vi.advanceTimersByTimeAsync(8000);
    expect(feed.get().link).toBe("quiet");
    expect(feed.get().trouble).toBeNull();
  });

  it("says since when, once Weir answers no more, and keeps the last numbers", async () => {
    push?.(overview(1));
    ask = () => Promise.reject(new Trouble(0, null));
    await vi.advanceTimersByTimeAsync(6000);
    expect(feed.get()).toMatchObject({ link: "lost", heardAt: 1_000_000 });
    expect(feed.get().overview?.sentence).toBe("Normal 1");
    ask = () => Promise.resolve(overview(2));
    await vi.advanceTimersByTimeAsync(3000);
    expect(feed.get()).toMatchObject({ link: "quiet", trouble: null });
  });

  it("costs next to nothing in a hidden tab, and is back at once", async () => {
    push?.(overview(1));
    await vi.advanceTimersByTimeAsync(1000);
    const before = asked;
    see?.(false);
    expect(closed).toBe(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(opened).toBe(1);
    expect(asked - before).toBeLessThanOrEqual(5);
    expect(feed.get().link).toBe("quiet");
    ask = () => Promise.resolve(overview(9));
    see?.(true);
    await vi.advanceTimersByTimeAsync(300);
    expect(opened).toBe(2);
    expect(feed.get().overview?.sentence).toBe("Normal 9");
    push?.(overview(10));
    await vi.advanceTimersByTimeAsync(300);
    expect(feed.get()).toMatchObject({ link: "live", gapMs: null });
  });

  it("keeps what has not changed as it is, so that it is not drawn again", async () => {
    const tile = { metric: "events", label: "Events", value: 1, unit: "per second", baseline: null, change: null, sparkline: [1, 2] };
    push?.({ ...overview(1), tiles: [{ ...tile }] });
    await vi.advanceTimersByTimeAsync(300);
    const first = feed.get().overview;
    push?.({ ...overview(2), tiles: [{ ...tile, sparkline: [1, 2] }] });
    await vi.advanceTimersByTimeAsync(300);
    const second = feed.get().overview;
    expect(second?.sentence).toBe("Normal 2");
    expect(second?.tiles[0]).toBe(first?.tiles[0]);
  });

  it("tells a change of state at once", async () => {
    await vi.advanceTimersByTimeAsync(1000);
    push?.(overview(1));
    push?.({ ...overview(2), state: "attack" });
    expect(feed.get().overview?.state).toBe("attack");
  });
});
