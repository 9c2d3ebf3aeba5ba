import { describe, expect, it } from "vitest";
import type { Point } from "@/api/types";
import { pastOf } from "./past";

const NOW = Date.parse("2026-11-24T14:26:40Z");
const points = (back: number, step: number, count: (start: number) => number): Point[] => {
  const out: Point[] = [];
  for (let t = Math.floor((NOW - back) / step) * step; t < NOW; t += step) out.push([new Date(t).toISOString(), count(t)]);
  return out;
};
/** A thousand events a second since `born`; before that, now and then one that came late. */
const pastSince = (born: number) => {
  const count = (step: number) => (start: number) =>
    Math.round((Math.max(Math.min(start + step, NOW) - Math.max(start, born), 0) / 1000) * 1000) + (start < born && start > born - 600_000 ? Math.ceil(step / 60_000) : 0);
  return pastOf(points(14 * 86_400_000, 3_600_000, count(3_600_000)), points(7_200_000, 60_000, count(60_000)), points(900_000, 10_000, count(10_000)), NOW);
};

describe("since when there is data", () => {
  it.each([
    ["40 seconds ago", 40_000, 10_000],
    ["five minutes ago", 300_000, 10_000],
    ["an hour ago", 3_600_000, 60_000],
    ["at the edge of the finest look", 900_000, 60_000],
    ["just behind it", 906_000, 60_000],
    ["at the edge of two hours", 7_200_000, 3_600_000],
    ["yesterday", 86_400_000, 3_600_000],
  ])("is told without its stragglers: %s", (_words, age, within) => {
    const { since } = pastSince(NOW - age);
    expect(since).not.toBeNull();
    expect(Math.abs((since ?? 0) - (NOW - age))).toBeLessThanOrEqual(within);
  });
  it("is nothing on a Weir without events", () => {
    const none = pastOf(points(86_400_000, 3_600_000, () => 0), points(7_200_000, 60_000, () => 0), points(900_000, 10_000, () => 0), NOW);
    expect(none.since).toBeNull();
    expect(none.knownMs(NOW - 3_600_000, NOW)).toBe(0);
  });
});

it("stragglers are no past to compare with", () => {
  const young = pastSince(NOW - 40_000);
  expect(young.knownMs(NOW - 3_660_000, NOW - 60_000)).toBe(0);
  const old = pastSince(NOW - 3 * 3_600_000);
  expect(old.knownMs(NOW - 3_660_000, NOW - 60_000)).toBeGreaterThan(3_500_000);
  const between = pastSince(NOW - 30 * 60_000);
  expect(between.knownMs(NOW - 3_660_000, NOW - 60_000) / 60_000).toBeCloseTo(29.5, 0);
  expect(between.knownMs(NOW - 7_200_000, NOW - 3_600_000)).toBe(0);
});
