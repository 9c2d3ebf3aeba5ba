import { memo, useMemo, useState } from "react";
import { useLiveFeed, useLivePart, useSeriesOf } from "@/api/queries";
import type { Overview, Series, State } from "@/api/types";
import { beginOf, FEW, knownFrom, leftUsualAt, middle, samplesOf, type Samples, scaledBy, withGaps } from "@/charts/scale";
import { type Panel, TimeStack } from "@/charts/TimeStack";
import { useNow } from "@/hooks/clock";
import { hourMinute, inSentence } from "@/lib/format";
import { exploreLink } from "@/lib/links";
import { metricWords, steadyScale, USUAL_FACTOR, type MetricWords } from "@/lib/metrics";
import { everyOf, type Range, STEP_MS, windowOf } from "@/lib/range";
import { worstFirst } from "@/parts/Level";
import { fitting, LEFT_FACTOR, type Past } from "@/parts/past";
import { TroubleNote } from "@/parts/Trouble";

/** Failures first: that line answers more questions than the number of events does. */
const SHOWN = ["login_failures", "signups", "api_error_ratio", "events"] as const;

/** An hour, or on a Weir that has not run that long 15 minutes, so that the first look is not at an empty chart. */
export function useFirstRange(past: Past | undefined): Range | null {
  const [decided, setDecided] = useState<Range | null>(null);
  const lost = useLivePart((s) => s.link === "lost");
  if (decided === null && (past || lost)) setDecided({ kind: "live", name: past?.since != null && past.at - past.since > 1_440_000 ? "1h" : "15m" });
  return decided;
}

/** Drawn once a second: faster than that no line moves by a pixel. */
export const OverTime = memo(function OverTime(props: { range: Range; choose: (range: Range) => void; state: State; past: Past | undefined }) {
  const { choose, state, past } = props;
  const since = past?.since ?? null;
  const range = useMemo(() => fitting(props.range, past), [props.range, past]);
  const window = windowOf(range);
  const every = everyOf(range, state === "normal");
  const ask = { from: window.from, to: window.to, step: window.step };
  // Together, so that one answer is one drawing.
  const lines = useSeriesOf(SHOWN, ask, every);
  // A pixel's worth of time.
  const clock = useNow(window.ms / 800);
  const { overview, link, heardAt } = useLiveFeed().get();
  const tiles = overview?.tiles;
  const lost = link === "lost";

  if (lines.isError && !lines.data) return <TroubleNote error={lines.error} what="the charts" again={() => void lines.refetch()} />;

  // While Weir is silent the time axis stands still: nothing is known about what came after.
  const now = lost && heardAt !== null ? heardAt : clock;
  const to = range.kind === "fixed" ? range.to : now;
  const from = range.kind === "fixed" ? range.from : beginOf(now - window.ms, now, since);
  const stepMs = STEP_MS[window.step];
  const anything = new Map((lines.data?.[SHOWN.indexOf("events")]?.series[0]?.points ?? []).map(([t, v]) => [Date.parse(t), v]));

  const panel = (name: (typeof SHOWN)[number], height: number): Panel => {
    const data = lines.data?.[SHOWN.indexOf(name)];
    const words = metricWords(name);
    const tile = tiles?.find((t) => t.metric === name);
    const samples = samplesFor(data, words, stepMs);
    const scale = steadyScale(words, tile?.baseline ?? null, middle(samples.values) ?? tile?.value ?? null);
    const known = knownFrom(withGaps(samples, anything, name === "events", words.kind === "ratio" ? FEW : 0), since);
    const scaled = scaledBy(known, scale.factor);
    const isLive = range.kind === "live" && !lost;
    const baseline = tile?.baseline ?? null;
    const usual = isLive && window.ms <= 3_600_000 && baseline !== null && baseline > 0;
    return {
      key: name,
      title: words.label,
      unit: words.kind === "ratio" ? `share of ${words.of ?? "all"}, %` : scale.unit,
      colour: words.colour,
      height,
      samples: isLive ? scaled : { ...scaled, partial: null },
      // The tile tells of 60 seconds. Beside shorter buckets that would be a fall where there is a rise.
      live: isLive && stepMs >= 60_000 && tile?.value != null && scaled.values.some((v) => v !== null) ? tile.value * scale.factor : null,
      usual: usual ? { low: (baseline / USUAL_FACTOR) * scale.factor, high: baseline * USUAL_FACTOR * scale.factor } : null,
      alarm: state === "normal" || (tile?.change ?? 0) < 2 ? null : state,
      ...(name === SHOWN[0] && usual && state === "normal" ? { note: "grey: the usual" } : {}),
      leastTop: words.kind === "ratio" ? 0.18 : scale.unit === "a minute" ? 4 : 1,
      write: (v) => scale.write(v / scale.factor),
      href: exploreLink(words.filters ?? {}, range),
    };
  };

  const panels = [
    panel("login_failures", 88),
    panel("signups", 58),
    panel("api_error_ratio", 58),
    panel("events", 58),
  ];
  return (
    <TimeStack
      label="Failed logins, new accounts, API errors and events over time"
      panels={panels}
      began={beganOf(overview, panels)}
      from={from}
      to={to}
      live={range.kind === "live"}
      stepMs={stepMs}
      dataKey={`${window.from} ${window.to}`}
      onZoom={(a, b) => choose({ kind: "fixed", from: a, to: b })}
      onReset={range.kind === "fixed" ? () => choose({ kind: "live", name: "1h" }) : undefined}
    />
  );
});

/** What to mark: when the worst finding opened, or when the first line that is called unusual left its usual. */
function beganOf(overview: Overview | null, panels: readonly Panel[]) {
  if (!overview || overview.state === "normal") return null;
  const worst = worstFirst(overview.findings)[0];
  if (worst) {
    const at = Date.parse(worst.opened_at);
    return { at, words: `${hourMinute(at)} ${inSentence(worst.rule.title)}`, alarm: overview.state };
  }
  for (const panel of panels) {
    const at = panel.alarm && panel.usual ? leftUsualAt(panel.samples, (panel.usual.high / USUAL_FACTOR) * LEFT_FACTOR) : null;
    if (at !== null) return { at, words: `${hourMinute(at)} ${inSentence(panel.title)} rise`, alarm: overview.state };
  }
  return null;
}

function samplesFor(data: Series | undefined, words: MetricWords, stepMs: number): Samples {
  const points = data?.series[0]?.points ?? [];
  const answeredStep = data ? (STEP_MS[data.step as keyof typeof STEP_MS] ?? stepMs) : stepMs;
  const end = data ? Date.parse(data.to) : 0;
  return samplesOf(points, answeredStep, words.kind === "count", end);
}
