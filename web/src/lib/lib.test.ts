import { describe, expect, it } from "vitest";
import type { WeirEvent } from "@/api/types";
import { happened, keyWords, program, remark } from "./events";
import { metricOf, readFilters, withFilter, withoutFilter, writeFilters } from "./filters";
import { entityLink, exploreLink } from "./links";
import { against, metricWords, scaleFor, steadyScale, times, told } from "./metrics";
import { readRange, sameRange, stepFor, windowOf, writeRange } from "./range";

const plain = (s: string) => s.replaceAll("\u00a0", " ");

describe("filters", () => {
  it("live in the URL and come back the same", () => {
    const filters = { type: ["account.login"], ip: ["2001:db8::1", "192.0.2.1"], path: ["/a?b=c&d"] };
    const search = writeFilters(new URLSearchParams("range=1h&ip=old"), filters);
    expect(readFilters(new URLSearchParams(search.toString()))).toEqual(filters);
    expect(search.get("range")).toBe("1h");
  });
  it("are added once and removed one by one", () => {
    const one = withFilter({}, "ip", "192.0.2.1");
    const two = withFilter(withFilter(one, "ip", "192.0.2.1"), "ip", "192.0.2.2");
    expect(two).toEqual({ ip: ["192.0.2.1", "192.0.2.2"] });
    expect(withoutFilter(two, "ip", "192.0.2.1")).toEqual({ ip: ["192.0.2.2"] });
    expect(withoutFilter(one, "ip", "192.0.2.1")).toEqual({});
  });
  it("ignore what is no filter", () => {
    expect(readFilters(new URLSearchParams("cursor=x&user_id=&evil=1"))).toEqual({});
  });
  it("name the metric that counts them, or none", () => {
    expect(metricOf({})).toEqual({ metric: "events", by: null, key: null });
    expect(metricOf({ type: ["account.login"], outcome: ["failure"] })).toEqual({ metric: "login_failures", by: null, key: null });
    expect(metricOf({ type: ["email.send"], delivery: ["bounced"] })).toEqual({ metric: "email_bounces", by: null, key: null });
    expect(metricOf({ type: ["account.logout"] })).toEqual({ metric: "events", by: "type", key: "account.logout" });
    expect(metricOf({ country: ["SE"] })).toEqual({ metric: "events", by: "country", key: "SE" });
    expect(metricOf({ type: ["api.request"], path: ["/x"] })).toEqual({ metric: "api_requests", by: "path", key: "/x" });
    // Two values of a field, or two fields, are more than one line of a rollup.
    expect(metricOf({ country: ["SE", "NO"] })).toBeNull();
    expect(metricOf({ ip: ["192.0.2.1"], country: ["SE"] })).toBeNull();
    expect(metricOf({ type: ["account.logout"], ip: ["192.0.2.1"] })).toBeNull();
    // Successful logins are no metric: the chart must not show all of them.
    expect(metricOf({ type: ["account.login"], outcome: ["success"] })).toEqual({ metric: "logins", by: "outcome", key: "success" });
  });
  it("become links", () => {
    expect(exploreLink({ user_id: ["a b"] }, { kind: "live", name: "15m" })).toBe("/explore?range=15m&user_id=a+b");
    expect(exploreLink({})).toBe("/explore");
    expect(new URL(entityLink("user", "../a/b.c?d&é"), "http://x").searchParams.get("id")).toBe("../a/b.c?d&é");
  });
});

describe("ranges", () => {
  it("live in the URL and come back the same", () => {
    for (const range of [{ kind: "live", name: "6h" } as const, { kind: "fixed", from: 1_700_000_000_000, to: 1_700_000_900_000 } as const]) {
      const back = readRange(writeRange(new URLSearchParams("ip=1"), range));
      expect(back && sameRange(back, range)).toBe(true);
    }
  });
  it("that make no sense are none", () => {
    for (const text of ["", "range=2y", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from=x&to=y"]) expect(readRange(new URLSearchParams(text))).toBeNull();
  });
  it("ask for a step that draws a readable number of points", () => {
    expect(windowOf({ kind: "live", name: "15m" })).toMatchObject({ from: "now-15m", to: "now", step: "10s" });
    expect(stepFor(60_000)).toBe("1s");
    expect(stepFor(10 * 60_000)).toBe("10s");
    expect(stepFor(365 * 86_400_000)).toBe("1d");
  });
});

describe("metrics", () => {
  it("tell small rates by the minute, and value and usual alike", () => {
    const scale = scaleFor("count", 0.4);
    expect(plain(told(scale, 1.23))).toBe("74 a minute");
    expect(plain(told(scale, 0.4))).toBe("24 a minute");
    expect(plain(told(scaleFor("count", 2010), 2020))).toBe("2.02 k a second");
    expect(plain(told(scaleFor("ratio", null), 0.118))).toBe("11.8 %");
    expect(plain(told(scaleFor("ms", null), 180.4))).toBe("180 ms");
  });
  it("keep their unit: by the usual where it is known, and not changed by a breath", () => {
    const resets = metricWords("password_resets");
    expect(steadyScale(resets, null, 3).unit).toBe("a second");
    expect(steadyScale(resets, null, 0.9).unit).toBe("a second");
    expect(steadyScale(resets, null, 0.2).unit).toBe("a minute");
    expect(steadyScale(resets, 0.9, 3).unit).toBe("a minute");
    expect(steadyScale(resets, 1.1, null).unit).toBe("a minute");
    expect(steadyScale(resets, 2.2, null).unit).toBe("a second");
    expect(steadyScale(resets, 0.95, null).unit).toBe("a second");
    expect(steadyScale(resets, null, 0.1).unit).toBe("a second");
  });
  it("that this page does not know are told by the server's words", () => {
    expect(metricWords("refunds", "Refunds", "events/s")).toMatchObject({ label: "Refunds", kind: "count" });
    expect(metricWords("share", "Share", "ratio").kind).toBe("ratio");
    expect(metricWords("wait", "Wait", "ms").kind).toBe("ms");
  });
  it("stand as usual, above, below, or are being learnt", () => {
    expect(against(null, null)).toBe("learning");
    expect(against(24, 1.1)).toBe("usual");
    expect(against(24, 3.1)).toBe("above");
    expect(against(24, 0.4)).toBe("below");
    expect([3.14, 0.42, 28.2, 130.4].map(times)).toEqual(["3.1×", "0.4×", "28×", "130×"]);
  });
});

describe("events in words", () => {
  const event = (type: string, data: Record<string, unknown>): WeirEvent => ({ specversion: "1.0", id: "1", source: "s", type, time: "2026-11-24T14:26:40.000Z", data });
  it("say what happened and whether it failed", () => {
    expect(happened(event("account.login", { outcome: "failure" }))).toEqual({ what: "Login", outcome: "failed", failed: true });
    expect(happened(event("api.request", { method: "GET", path: "/x", status: 404 }))).toEqual({ what: "GET /x", outcome: "404", failed: true });
    expect(happened(event("email.send", { status: "bounced" })).failed).toBe(true);
    expect(happened(event("something.new", {})).what).toBe("something.new");
  });
  it("name programs shortly", () => {
    expect(program("Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0")).toBe("Firefox 131 on Linux");
    expect(program("Harbour/7.4.1 (iPhone13,2; iOS 17.4.1)")).toBe("Harbour/7.4.1 on iOS");
    expect(program("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1")).toBe("Safari 18 on iOS");
    expect(program("python-requests/2.32")).toBe("python-requests/2.32");
    expect(program("")).toBe("");
  });
  it("say why", () => {
    expect(remark(event("account.login", { reason: "wrong_password", user_agent: "curl/8" }))).toBe("wrong password");
    expect(remark(event("email.send", { recipient: "a@example.com" }))).toBe("a@example.com");
  });
  it("name countries and networks, also odd ones", () => {
    expect(keyWords("country", "NL")).toBe("Netherlands");
    expect(keyWords("country", "??")).toBe("??");
    expect(keyWords("asn", "64500")).toBe("AS64500");
    expect(keyWords("ip", "(other)")).toBe("all others");
  });
});
