import { memo } from "react";
import { Link } from "wouter";
import { day, hourMinute, whole } from "@/lib/format";
import { timeTicks } from "./scale";

export interface Lane {
  key: string;
  title: string;
  href: string;
  /** Of the class `s-<colour>`. */
  colour: string;
  /** When, in ms. */
  marks: number[];
  /** Those that failed, drawn in the colour of failure. */
  failed: number[];
}

const W = 1000;

/** Few events over time: a lane for each kind, a mark for each event. What it says is also in the words of each lane. */
export const Lanes = memo(function Lanes({ lanes, from, to }: { lanes: readonly Lane[]; from: number; to: number }) {
  const span = Math.max(to - from, 1);
  const x = (at: number) => ((at - from) / span) * W;
  const path = (times: readonly number[]) => times.map((at) => `M${x(at).toFixed(1)} 2V18`).join("");
  const ticks = timeTicks(from, to, 6).filter((t) => x(t.at) > 25 && x(t.at) < W - 60);
  return (
    <div className="lanes">
      <ul>
        {lanes.map((lane) => (
          <li key={lane.key} className={`s-${lane.colour}`}>
            <Link className="name" href={lane.href}>
              {lane.title}
            </Link>
            <svg viewBox={`0 0 ${W} 20`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
              <path d={path(lane.marks)} />
              {lane.failed.length > 0 && <path className="s-failure" d={path(lane.failed)} />}
            </svg>
            <span className="num">
              {whole(lane.marks.length + lane.failed.length)}
              {lane.failed.length > 0 && <small className="quiet lane-failed">{whole(lane.failed.length)} failed</small>}
            </span>
          </li>
        ))}
      </ul>
      <div className="lanes-x" aria-hidden="true">
        {ticks.map((t) => (
          <span key={t.at} style={{ left: `${x(t.at) / 10}%` }}>
            {t.step >= 86_400_000 || (span > 2 * 86_400_000 && t.at % 86_400_000 === 0) ? day(t.at) : hourMinute(t.at)}
          </span>
        ))}
        <span className="last">now</span>
      </div>
    </div>
  );
});
