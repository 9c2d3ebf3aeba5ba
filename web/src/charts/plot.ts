import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { lonely, steadyTop } from "./scale";

/** Right of the plot: the words of the y axis. */
export const Y_AXIS_WIDTH = 56;

export interface PlotInput {
  /** Seconds, ascending; the last one is the moment up to which the tail is drawn. */
  x: number[];
  /** Whole buckets, null elsewhere. */
  line: (number | null)[];
  /** The incomplete end, null elsewhere; drawn dashed. */
  tail: (number | null)[];
  from: number;
  to: number;
  /** The usual: lower and upper edge of the band. */
  usual: { low: number; high: number } | null;
  /** Fill what is above the usual: only while Weir calls it more than normal. */
  alarm: "attack" | "elevated" | null;
  /** The newest value, written beside the end of the line. */
  now: number | null;
  write: (value: number) => string;
  writeTick: (value: number) => string;
  /** A y axis never lower than this, so that small numbers do not look like mountains. */
  leastTop: number;
}

interface Colours {
  line: string;
  grid: string;
  usual: string;
  words: string;
  strong: string;
  attack: string;
  elevated: string;
  font: string;
}

/** One line over time on a canvas. uPlot draws the lines; grid, band and words are ours. */
export class Plot {
  private readonly plot: uPlot;
  private input: PlotInput | null = null;
  private top: number | null = null;
  private colours: Colours;

  constructor(
    private readonly host: HTMLElement,
    private readonly height: number,
  ) {
    this.colours = readColours(host);
    this.plot = new uPlot(
      {
        width: Math.max(host.clientWidth, 60),
        height,
        padding: [9, Y_AXIS_WIDTH, 8, 0],
        legend: { show: false },
        cursor: { show: false },
        select: { show: false, left: 0, top: 0, width: 0, height: 0 },
        scales: { x: { time: false, auto: false }, y: { auto: false } },
        axes: [{ show: false }, { show: false }],
        series: [
          {},
          {
            stroke: () => this.colours.line,
            width: 1.5,
            spanGaps: false,
            points: { show: true, size: 4, width: 0, fill: () => this.colours.line, filter: () => lonely(this.input?.line ?? []) },
          },
          { stroke: () => this.colours.line, width: 1.5, dash: [3, 3], points: { show: false }, spanGaps: true },
        ],
        hooks: {
          drawClear: [(u) => this.ground(u)],
          draw: [(u) => this.words(u)],
        },
      },
      [[0], [null], [null]],
      host,
    );
  }

  set(input: PlotInput, fresh: boolean): void {
    this.input = input;
    let highest = input.leastTop;
    for (const v of input.line) if (v !== null && v > highest) highest = v;
    for (const v of input.tail) if (v !== null && v > highest) highest = v;
    if (input.usual && input.usual.high > highest) highest = input.usual.high;
    this.top = steadyTop(fresh ? null : this.top, highest);
    const top = this.top;
    this.plot.batch(() => {
      this.plot.setData([input.x, input.line, input.tail] as uPlot.AlignedData, false);
      this.plot.setScale("x", { min: input.from / 1000, max: Math.max(input.to, input.from + 1000) / 1000 });
      this.plot.setScale("y", { min: 0, max: top });
    });
  }

  resize(): void {
    const width = Math.max(this.host.clientWidth, 60);
    if (width !== this.plot.width) this.plot.setSize({ width, height: this.height });
  }

  /** After a change of theme or when the font has come. */
  restyle(): void {
    this.colours = readColours(this.host);
    this.plot.redraw(false, true);
  }

  /** From the top of the chart, in CSS pixels. */
  yOf(value: number): number {
    return this.plot.valToPos(value, "y") + this.plot.bbox.top / devicePixelRatio;
  }

  destroy(): void {
    this.plot.destroy();
  }

  private ground(u: uPlot): void {
    const input = this.input;
    if (!input || this.top === null) return;
    const { ctx } = u;
    const { left, width, top } = u.bbox;
    const y = (v: number) => u.valToPos(v, "y", true);
    ctx.save();
    if (input.usual) {
      ctx.fillStyle = this.colours.usual;
      const high = y(Math.min(input.usual.high, this.top));
      ctx.fillRect(left, high, width, Math.max(y(input.usual.low) - high, 2 * devicePixelRatio));
    }
    ctx.setLineDash([]);
    ctx.strokeStyle = this.colours.grid;
    ctx.lineWidth = Math.max(Math.round(devicePixelRatio), 1);
    for (const tick of [0, this.top / 2, this.top]) {
      const at = Math.round(y(tick)) + (ctx.lineWidth % 2) / 2;
      ctx.beginPath();
      ctx.moveTo(left, at);
      ctx.lineTo(left + width, at);
      ctx.stroke();
    }
    if (input.usual && input.alarm) {
      const edge = y(Math.min(input.usual.high, this.top));
      ctx.beginPath();
      ctx.rect(left, top, width, edge - top);
      ctx.clip();
      ctx.fillStyle = input.alarm === "attack" ? this.colours.attack : this.colours.elevated;
      let begun: number | null = null;
      ctx.beginPath();
      const x = (s: number) => u.valToPos(s, "x", true);
      let last = 0;
      input.x.forEach((s, i) => {
        const v = input.line[i] ?? input.tail[i] ?? null;
        if (v === null) {
          if (begun !== null) ctx.lineTo(last, edge);
          begun = null;
          return;
        }
        last = x(s);
        if (begun === null) {
          ctx.moveTo(last, edge);
          begun = last;
        }
        ctx.lineTo(last, Math.min(y(v), edge));
      });
      if (begun !== null) ctx.lineTo(last, edge);
      ctx.fill();
    }
    ctx.restore();
  }

  private words(u: uPlot): void {
    const input = this.input;
    if (!input || this.top === null) return;
    const { ctx } = u;
    const x = u.bbox.left + u.bbox.width + 8 * devicePixelRatio;
    const y = (v: number) => u.valToPos(v, "y", true);
    ctx.save();
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    const small = `${12 * devicePixelRatio}px ${this.colours.font}`;
    const now = input.now === null ? null : y(Math.min(Math.max(input.now, 0), this.top));
    ctx.font = `400 ${small}`;
    ctx.fillStyle = this.colours.words;
    const room = 14 * devicePixelRatio;
    for (const tick of [0, this.top / 2, this.top]) {
      const at = y(tick);
      // Two lines of words never lie on each other: the value goes before the scale.
      if (now !== null && Math.abs(at - now) < room) continue;
      if (tick === this.top / 2 && u.bbox.height < 3 * room) continue;
      ctx.fillText(input.writeTick(tick), x, at);
    }
    if (input.now !== null && now !== null) {
      ctx.font = `600 ${small}`;
      ctx.fillStyle = this.colours.line;
      ctx.fillText(input.write(input.now), x, now);
    }
    ctx.restore();
  }
}

/** A canvas needs colours as they came out, not the names of variables. */
function readColours(host: HTMLElement): Colours {
  const probe = document.createElement("span");
  probe.hidden = true;
  host.append(probe);
  const colour = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const colours: Colours = {
    line: colour("--series"),
    grid: colour("--d-grid"),
    usual: colour("--d-usual"),
    words: colour("--ink-3"),
    strong: colour("--ink"),
    attack: colour("--attack-wash"),
    elevated: colour("--elevated-wash"),
    font: getComputedStyle(host).fontFamily,
  };
  probe.remove();
  return colours;
}
