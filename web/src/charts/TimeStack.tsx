import { type KeyboardEvent, type PointerEvent, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { useTheme } from "@/hooks/theme";
import { clock, day, exact, hourMinute } from "@/lib/format";
import { SMALLEST_ZOOM_MS } from "@/lib/range";
import { Plot, type PlotInput, Y_AXIS_WIDTH } from "./plot";
import { nearest, type Samples, timeTicks } from "./scale";

export interface Panel {
  key: string;
  title: string;
  /** After the title: "a minute". */
  unit: string;
  colour: string;
  height: number;
  samples: Samples;
  /** The value of this moment, drawn as the dashed end; null: the running bucket, or none. */
  live: number | null;
  usual: { low: number; high: number } | null;
  alarm: "attack" | "elevated" | null;
  note?: string;
  leastTop?: number;
  /** Values as they are in `samples`, told: "74". */
  write: (value: number) => string;
  href?: string;
}

/** The words at the mark do not lie on those of the first chart. */
const CAPTION_WIDTH = 164;

interface Props {
  label: string;
  panels: Panel[];
  from: number;
  to: number;
  /** The right end is now. */
  live: boolean;
  stepMs: number;
  /** A moment that stays marked: when what is wrong began. */
  began?: { at: number; words: string; alarm: "attack" | "elevated" } | null;
  /** Changes when other data is shown, so that y axes are chosen anew. */
  dataKey: string;
  onZoom?: ((from: number, to: number) => void) | undefined;
  onReset?: (() => void) | undefined;
}

/**
 * Lines over one shared time axis. Hovering one shows that moment in all; dragging zooms. With the keyboard: left and
 * right move the moment, Shift with them marks a stretch, Enter zooms to it, Escape undoes. The same numbers as a table.
 */
export function TimeStack({ label, panels, from, to, live, stepMs, began = null, dataKey, onZoom, onReset }: Props) {
  const area = useRef<HTMLDivElement>(null);
  const [plots] = useState(() => new Map<string, Plot>());
  const [width, setWidth] = useState(0);
  const [at, setAt] = useState<number | null>(null);
  const [mark, setMark] = useState<number | null>(null);
  const [table, setTable] = useState(false);
  const tableId = useId();

  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    const measure = () => {
      setWidth(Math.max(element.clientWidth - Y_AXIS_WIDTH, 1));
      plots.forEach((p) => p.resize());
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [plots]);

  const span = Math.max(to - from, 1);
  const xOf = (time: number) => ((time - from) / span) * width;
  const timeOf = (clientX: number) => {
    const box = area.current?.getBoundingClientRect();
    const x = Math.min(Math.max(clientX - (box?.left ?? 0), 0), width);
    return from + (x / Math.max(width, 1)) * span;
  };

  const longest = panels.reduce<Samples | null>(
    (best, p) => (best === null || p.samples.times.length > best.times.length ? p.samples : best),
    null,
  );
  const times = longest?.times ?? [];
  const index = at === null ? -1 : nearest(times, at);
  const moment = index < 0 ? null : (times[index] ?? null);
  const start = index < 0 ? null : (longest?.starts[index] ?? null);

  const down = (event: PointerEvent) => {
    if (event.button !== 0 || event.pointerType === "touch") {
      setAt(timeOf(event.clientX));
      return;
    }
    if ((event.target as Element).closest("a,button")) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    setMark(timeOf(event.clientX));
  };
  const zoomTo = (a: number, b: number): boolean => {
    const [low, high] = a < b ? [a, b] : [b, a];
    if (!onZoom || high - low < Math.max(SMALLEST_ZOOM_MS, stepMs)) return false;
    onZoom(Math.round(low), Math.round(high));
    return true;
  };
  const up = (event: PointerEvent) => {
    if (mark === null) return;
    const end = timeOf(event.clientX);
    setMark(null);
    // A click is no zoom.
    if (Math.abs(xOf(end) - xOf(mark)) >= 8) zoomTo(mark, end);
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      event.preventDefault();
      const step = event.key === "ArrowLeft" ? -1 : 1;
      const next = index < 0 ? times.length - 1 : Math.min(Math.max(index + step, 0), times.length - 1);
      if (event.shiftKey && mark === null && moment !== null) setMark(moment);
      if (!event.shiftKey) setMark(null);
      setAt(times[next] ?? null);
    } else if (event.key === "Enter" && mark !== null && moment !== null) {
      if (zoomTo(mark, moment)) setMark(null);
    } else if (event.key === "Escape" && (at !== null || mark !== null)) {
      event.stopPropagation();
      setAt(null);
      setMark(null);
    }
  };

  const ticks = timeTicks(from, to, Math.max(Math.floor(width / 130), 2));
  const endWord = live ? `now ${hourMinute(to)}` : tickWord(to, span);

  return (
    <div className="stack">
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- a drawing one moves in, by pointer and by keyboard */}
      <div
        ref={area}
        className="stack-area"
        // The charts are one thing to move in; what they say is read out below.
        role="group"
        aria-label={`${label}. Left and right keys move through time.`}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        onKeyDown={key}
        onPointerMove={(e) => {
          const time = timeOf(e.clientX);
          // Within one bucket nothing that is shown changes.
          setAt(mark === null ? (times[nearest(times, time)] ?? time) : time);
        }}
        onPointerDown={down}
        onPointerUp={up}
        onPointerCancel={() => setMark(null)}
        onPointerLeave={() => {
          if (mark === null) setAt(null);
        }}
        onBlur={() => {
          setAt(null);
          setMark(null);
        }}
        onDoubleClick={() => onReset?.()}
      >
        {panels.map((panel) => (
          <PanelView key={panel.key} panel={panel} from={from} to={to} dataKey={dataKey} live={live} plots={plots} moment={moment} x={moment === null ? 0 : xOf(moment)} width={width} />
        ))}
        <div className="stack-lay" aria-hidden="true">
          {began && began.at > from && began.at < to && (
            <>
              <div className={`stack-began ${began.alarm}`} style={{ left: xOf(began.at) }} />
              {moment === null && (
                <span className={`stack-began-words ${began.alarm} ${xOf(began.at) > Math.min(460, width * 0.6) ? "before" : ""}`} style={{ left: Math.max(xOf(began.at), CAPTION_WIDTH) }}>
                  {began.words}
                </span>
              )}
            </>
          )}
          {mark !== null && at !== null && (
            <div className="stack-mark" style={{ left: Math.min(xOf(mark), xOf(at)), width: Math.abs(xOf(at) - xOf(mark)) }} />
          )}
          {moment !== null && start !== null && (
            <>
              <div className="stack-line" style={{ left: xOf(moment) }} />
              <div className="stack-time" style={{ left: Math.min(Math.max(xOf(moment), 28), width - 28) }}>
                {momentWord(start, stepMs, span)}
              </div>
            </>
          )}
        </div>
        <div className="stack-x" aria-hidden="true">
          {ticks
            .filter((t) => xOf(t.at) > 16 && xOf(t.at) < width - 100)
            .map((t) => (
              <span key={t.at} style={{ left: xOf(t.at) }}>
                {tickWord(t.at, span, t.step)}
              </span>
            ))}
          <span className="last" style={{ left: width }}>
            {endWord}
          </span>
        </div>
      </div>
      <p className="sr" aria-live="polite">
        {moment !== null && start !== null
          ? `${exact(start)}: ${panels.map((p) => `${p.title} ${valueWord(p, index)}`).join("; ")}`
          : ""}
      </p>
      <button type="button" className="text-button stack-table-button" aria-expanded={table} aria-controls={tableId} onClick={() => setTable(!table)}>
        {table ? "Hide the table" : "The same as a table"}
      </button>
      <div id={tableId} hidden={!table} className="stack-table">
        {table && longest && <Numbers panels={panels} longest={longest} />}
      </div>
    </div>
  );
}

function PanelView(props: {
  panel: Panel;
  from: number;
  to: number;
  live: boolean;
  dataKey: string;
  plots: Map<string, Plot>;
  moment: number | null;
  x: number;
  width: number;
}) {
  const { panel, from, to, dataKey, plots, moment, x, width } = props;
  const host = useRef<HTMLDivElement>(null);
  const shownKey = useRef("");
  const theme = useTheme().shown;

  useEffect(() => {
    if (!host.current) return;
    const plot = new Plot(host.current, panel.height);
    plots.set(panel.key, plot);
    // jsdom and old browsers have no font loading to wait for.
    void (document.fonts as FontFaceSet | undefined)?.ready.then(() => {
      if (plots.get(panel.key) === plot) plot.restyle();
    });
    shownKey.current = "";
    return () => {
      plots.delete(panel.key);
      plot.destroy();
    };
  }, [panel.key, panel.height, panel.colour, plots]);

  useEffect(() => {
    plots.get(panel.key)?.restyle();
  }, [theme, panel.key, plots]);

  useEffect(() => {
    const plot = plots.get(panel.key);
    if (!plot) return;
    const fresh = shownKey.current !== dataKey;
    if (panel.samples.times.length > 0) shownKey.current = dataKey;
    plot.set(plotInput(panel, from, to), fresh);
  }, [panel, from, to, dataKey, plots]);

  const value = moment === null ? null : valueAt(panel, moment);
  const summary = describe(panel);
  return (
    <figure className={`panel s-${panel.colour}`} aria-label={summary}>
      <figcaption>
        <span className="cut">
          {panel.href === undefined ? <b>{panel.title}</b> : <Link className="strong" href={panel.href}>{panel.title}</Link>} {panel.unit}
        </span>
        {panel.note !== undefined && <span className="quiet only-desk">{panel.note}</span>}
      </figcaption>
      <div ref={host} className="panel-plot" style={{ height: panel.height }} />
      {panel.samples.times.length > 0 && !panel.samples.values.some((v) => v !== null) && panel.samples.partial === null && (
        <span className="panel-none">no data in this stretch of time</span>
      )}
      {value !== null && moment !== null && (
        <PanelValue text={panel.write(value)} x={x} y={() => plots.get(panel.key)?.yOf(value) ?? 0} width={width} />
      )}
    </figure>
  );
}

function PanelValue({ text, x, y, width }: { text: string; x: number; y: () => number; width: number }) {
  const ref = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    element.style.left = `${x}px`;
    element.style.bottom = `${Math.max((element.parentElement?.querySelector<HTMLElement>(".panel-plot")?.clientHeight ?? 0) - y(), 0)}px`;
    element.classList.toggle("left", x > width - 64);
  });
  return (
    <span ref={ref} className="panel-value" aria-hidden="true">
      {text}
    </span>
  );
}

function Numbers({ panels, longest }: { panels: Panel[]; longest: Samples }) {
  // A table of a thousand rows helps nobody: every n-th moment, newest first.
  const every = Math.max(Math.ceil(longest.times.length / 60), 1);
  const rows = longest.starts.map((_, i) => i).filter((i) => (longest.starts.length - 1 - i) % every === 0);
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Time (UTC)</th>
          {panels.map((p) => (
            <th key={p.key} scope="col" className="num">
              {p.title} <span className="quiet">{p.unit}</span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.reverse().map((i) => (
          <tr key={longest.starts[i]}>
            <td>{`${day(longest.starts[i] ?? 0)} ${clock(longest.starts[i] ?? 0)}`}</td>
            {panels.map((p) => (
              <td key={p.key} className="num">
                {valueWord(p, i)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function plotInput(panel: Panel, from: number, to: number): PlotInput {
  const { times, values, partial } = panel.samples;
  const last = times.length - 1;
  const now = panel.live ?? partial;
  const x = times.map((t) => t / 1000);
  const line = [...values];
  const tail: (number | null)[] = times.map(() => null);
  const lastTime = times[last];
  if (now !== null && lastTime !== undefined && to > lastTime) {
    tail[last] = values[last] ?? null;
    x.push(to / 1000);
    line.push(null);
    tail.push(now);
  }
  return {
    x,
    line,
    tail,
    from,
    to,
    usual: panel.usual,
    alarm: panel.alarm,
    now: now ?? values[last] ?? null,
    write: panel.write,
    writeTick: (v) => (v === 0 ? "0" : panel.write(v).replace(/\.0+(?!\d)/, "")),
    leastTop: panel.leastTop ?? 0,
  };
}

function valueAt(panel: Panel, moment: number): number | null {
  const i = nearest(panel.samples.times, moment);
  return i < 0 ? null : (panel.samples.values[i] ?? null);
}

function valueWord(panel: Panel, i: number): string {
  const v = panel.samples.values[i] ?? null;
  return v === null ? "no data" : panel.write(v);
}

function describe(panel: Panel): string {
  const values = panel.samples.values.filter((v): v is number => v !== null);
  if (values.length === 0) return `${panel.title}: no data in this stretch of time`;
  const now = panel.live ?? panel.samples.partial ?? values.at(-1) ?? 0;
  return `${panel.title}, ${panel.unit}: now ${panel.write(now)}, lowest ${panel.write(Math.min(...values))}, highest ${panel.write(Math.max(...values))}`;
}

function tickWord(at: number, span: number, step = 0): string {
  if (step >= 86_400_000 || (span > 2 * 86_400_000 && at % 86_400_000 === 0)) return day(at);
  if (span > 2 * 86_400_000) return `${day(at)} ${hourMinute(at)}`;
  return step > 0 && step < 60_000 ? clock(at) : span < 180_000 ? clock(at) : hourMinute(at);
}

function momentWord(start: number, stepMs: number, span: number): string {
  const time = stepMs < 60_000 ? clock(start) : hourMinute(start);
  return span > 86_400_000 ? `${day(start)} ${time}` : time;
}
