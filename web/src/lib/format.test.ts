import { describe, expect, it } from "vitest";
import { ago, countFigure, duration, exact, figure, listed, milliseconds, percent, plural, shortTime, whole } from "./format";

const plain = (s: string) => s.replaceAll(/[\u00a0\u200a]/g, " ");

describe("numbers", () => {
  it("have at most three significant digits, and a sign for thousands", () => {
    expect([2014, 20_140, 201_400, 3_654_201_776, 999.7, 74, 11.83, 0.314, 0].map((n) => plain(figure(n)))).toEqual([
      "2.01 k",
      "20.1 k",
      "201 k",
      "3.65 G",
      "1.00 k",
      "74.0",
      "11.8",
      "0.31",
      "0.00",
    ]);
  });
  it("are whole where things are counted", () => {
    expect([74.2, 7, 6.94, 0, 999.9].map((n) => plain(countFigure(n)))).toEqual(["74", "7", "6.9", "0", "1.00 k"]);
  });
  it("never call nearly everything everything, nor something nothing", () => {
    expect([1, 0.99999, 0.9996, 0.118, 0.0031, 0.00001, 0].map((r) => plain(percent(r)))).toEqual([
      "100 %",
      "100 %",
      "99.96 %",
      "11.8 %",
      "0.31 %",
      "< 0.01 %",
      "0 %",
    ]);
  });
  it("are grouped in full", () => {
    expect(whole(3654201776)).toBe("3,654,201,776");
    expect(plain(plural(1, "event"))).toBe("1 event");
    expect(plain(plural(2100, "event"))).toBe("2,100 events");
  });
});

describe("times", () => {
  const at = Date.UTC(2026, 10, 24, 14, 26, 40, 123);
  it("are relative", () => {
    expect([400, 2000, 45_000, 19 * 60_000, 3 * 3_600_000, 90 * 60_000, 5 * 86_400_000].map((ms) => plain(ago(at - ms, at)))).toEqual([
      "now",
      "2 s ago",
      "45 s ago",
      "19 min ago",
      "3 h ago",
      "1.5 h ago",
      "5 days ago",
    ]);
  });
  it("are exact, with their zone", () => {
    expect(exact(at)).toBe("Tue 24 Nov 2026, 14:26:40 UTC");
    expect(exact(at, true)).toBe("Tue 24 Nov 2026, 14:26:40.123 UTC");
    expect(exact(Number.NaN)).toBe("an unknown time");
  });
  it("name the day only when it is another", () => {
    expect(shortTime(at, at + 1000)).toBe("14:26:40");
    expect(shortTime(at, at + 86_400_000)).toBe("24 Nov 14:26:40");
  });
  it("have a fitting unit", () => {
    expect([0.4, 84, 1234, 47 * 60_000].map((ms) => plain(milliseconds(ms)))).toEqual(["under 1 ms", "84 ms", "1.2 s", "47 min"]);
    expect(plain(duration(59_700))).toBe("1 min");
  });
});

it("lists words as in speech", () => {
  expect(listed(["a"])).toBe("a");
  expect(listed(["a", "b", "c"])).toBe("a, b and c");
});
