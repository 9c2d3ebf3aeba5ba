import { memo, useState } from "react";
import { USUAL_FACTOR } from "@/lib/metrics";
import { linePath, steadyRange } from "./scale";

const W = 160;
const H = 32;

/** Fewer points are dots and no line. */
const LEAST = 3;
/** A line of fewer minutes is not stretched over the whole width. */
const LEAST_WIDE = 10;

/**
 * 60 values, oldest first, over the usual as a pale band; before `first` there is no data. Says nothing that the words
 * beside it do not say.
 */
export const Sparkline = memo(function Sparkline({ values: all, first, baseline }: { values: readonly (number | null)[]; first: number; baseline: number | null }) {
  const values = all.map((v, i) => (i < first ? null : v)).slice(Math.max(Math.min(first, all.length - LEAST_WIDE), 0));
  const known = values.filter((v): v is number => v !== null);
  const usual = baseline !== null && baseline > 0 ? { low: baseline / USUAL_FACTOR, high: baseline * USUAL_FACTOR } : null;
  const edges = usual ? [...known, usual.low, usual.high] : known;
  const wanted = { low: Math.min(...edges, usual?.low ?? 0), high: Math.max(...edges, 1e-9) };
  const [range, setRange] = useState({ low: 0, high: 0 });
  const shown = steadyRange(range, wanted);
  if (shown !== range) setRange(shown);
  const y = (v: number) => H - 2 - ((v - shown.low) / (shown.high - shown.low || 1)) * (H - 4);
  const x = (i: number) => (i / Math.max(values.length - 1, 1)) * W;
  return (
    <svg className="spark" viewBox={`0 0 ${W} ${H}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      {usual && <rect className="usual" x="0" width={W} y={y(usual.high)} height={Math.max(y(usual.low) - y(usual.high), 2)} />}
      {known.length >= LEAST && <path d={linePath(values, x, y)} />}
    </svg>
  );
});
