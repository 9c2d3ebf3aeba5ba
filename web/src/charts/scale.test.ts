import { describe, expect, it } from "vitest";
import { beginOf, FEW, knownFrom, leftUsualAt, linePath, lonely, nearest, niceTop, samplesOf, steadyRange, steadyTop, timeTicks, withGaps } from "./scale";

describe("the y axis", () => {
  it("ends at a friendly number", () => {
    expect([0, 0.31, 1, 7, 23, 74, 2014].map(niceTop)).toEqual([1, 0.4, 1, 8, 40, 80, 4000]);
  });
  it("grows at once and shrinks late, so that it does not jump", () => {
    expect(steadyTop(null, 74)).toBe(80);
    expect(steadyTop(80, 81)).toBe(100);
    expect(steadyTop(100, 60)).toBe(100);
    expect(steadyTop(100, 30)).toBe(100);
    expect(steadyTop(100, 15)).toBe(20);
  });
  it("of a small line holds still while the data stays in it", () => {
    const range = steadyRange({ low: 0, high: 0 }, { low: 10, high: 20 });
    expect(steadyRange(range, { low: 11, high: 20.5 })).toBe(range);
    expect(steadyRange(range, { low: 10, high: 60 })).not.toBe(range);
    expect(range.low).toBeGreaterThanOrEqual(0);
  });
});

describe("samples", () => {
  const at = (s: number) => new Date(s * 1000).toISOString();
  it("are rates in the middle of their bucket; the running one is reckoned on the time that passed", () => {
    const samples = samplesOf([[at(0), 600], [at(60), 300], [at(120), 200]], 60_000, true, 160_000);
    expect(samples.times).toEqual([30_000, 90_000]);
    expect(samples.values).toEqual([10, 5]);
    expect(samples.partial).toBe(5);
  });
  it("say nothing about a bucket that has just begun", () => {
    expect(samplesOf([[at(0), 600], [at(60), 1]], 60_000, true, 85_000).partial).toBeNull();
  });
  it("keep ratios as they are, and nulls as gaps", () => {
    expect(samplesOf([[at(0), 0.5], [at(60), null]], 60_000, false, 200_000).values).toEqual([0.5, null]);
  });
  it("have gaps where nothing arrived at all", () => {
    // Nothing before the first event; then one quiet minute, which is no gap, and an outage of two, which is.
    const counts = [0, 60, 0, 60, 0, 0, 60];
    const total = new Map(counts.map((n, i) => [i * 60_000, n]));
    const zeros = samplesOf(counts.map((_, i) => [at(i * 60), 0]), 60_000, true, 420_000);
    expect(withGaps(zeros, total, false).values).toEqual([null, 0, 0, 0, null, null, 0]);
    const events = samplesOf(counts.map((n, i) => [at(i * 60), n]), 60_000, true, 420_000);
    expect(withGaps(events, total, true).values).toEqual([null, 1, 0, 1, 0, 0, 1]);
    // Late events from before the beginning do not make a share.
    const young = [1, 2, 0, 4000, 4100, 3900, 4000, 3950];
    const ratio = samplesOf(young.map((_, i) => [at(i * 60), 0.5]), 60_000, false, 480_000);
    expect(withGaps(ratio, new Map(young.map((n, i) => [i * 60_000, n])), false).values).toEqual([null, null, null, 0.5, 0.5, 0.5, 0.5, 0.5]);
    const all = new Map(young.map((n, i) => [i * 60_000, n]));
    const first = samplesOf(young.map((n, i) => [at(i * 60), n]), 60_000, true, 480_000);
    expect(withGaps(first, all, true).values.map((v) => v === null)).toEqual([true, true, true, false, false, false, false, false]);
    // Also while the beginning is still the running bucket.
    const running = new Map([1, 2, 0, 900].map((n, i) => [i * 60_000, n]));
    expect(withGaps(samplesOf([[at(0), 1], [at(60), 2], [at(120), 0]], 60_000, true, 200_000), running, true).values).toEqual([null, null, null]);
    // Of few events no share is told.
    const few = [5000, 12, 5000];
    const share = samplesOf(few.map((_, i) => [at(i * 60), 0.2]), 60_000, false, 180_000);
    expect(withGaps(share, new Map(few.map((n, i) => [i * 60_000, n])), false, FEW).values).toEqual([0.2, null, 0.2]);
    expect(lonely([1, null, 2, 3, null, 4])).toEqual([0, 5]);
  });
});

it("a chart begins where its data begins, and never as a sliver", () => {
  const hour = 3_600_000;
  expect(beginOf(0, hour, null)).toBe(0);
  expect(beginOf(0, hour, -5)).toBe(0);
  expect(beginOf(0, hour, hour / 2)).toBe(hour / 2);
  expect(beginOf(0, hour, hour - 60_000)).toBe(hour * 0.8);
  const samples = { times: [5, 15, 25], starts: [0, 10, 20], values: [0, 0, 7], partial: null };
  expect(knownFrom(samples, 15).values).toEqual([null, null, 7]);
  expect(knownFrom(samples, null).values).toEqual([0, 0, 7]);
});

it("finds when a line left its usual", () => {
  const of = (values: (number | null)[]) => leftUsualAt({ times: [], starts: values.map((_, i) => i * 10), values, partial: null }, 5);
  expect(of([1, 9, 1, 1, 9, 4, 9, 9])).toBe(40);
  expect(of([1, 2, 3])).toBeNull();
  expect(of([9, 9, 1, 1])).toBe(0);
  expect(of([])).toBeNull();
});

it("ticks are round and few", () => {
  const ticks = timeTicks(Date.UTC(2026, 0, 1, 13, 26), Date.UTC(2026, 0, 1, 14, 26), 6);
  expect(ticks.map((t) => new Date(t.at).getUTCMinutes())).toEqual([30, 40, 50, 0, 10, 20]);
});

it("finds the nearest moment", () => {
  expect([-5, 4, 6, 14, 99].map((t) => nearest([0, 10, 20], t))).toEqual([0, 0, 1, 1, 2]);
  expect(nearest([], 1)).toBe(-1);
});

it("draws gaps as gaps", () => {
  expect(linePath([1, 2, null, 3], (i) => i, (v) => v)).toBe("M0.0 1.0L1.0 2.0M3.0 3.0h0.01");
});
