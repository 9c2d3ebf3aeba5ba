import { Link } from "wouter";
import { useLedger, useQuality, useSeries } from "@/api/queries";
import type { Ledger, Quality } from "@/api/types";
import { trickleOf } from "@/charts/scale";
import { typeWord } from "@/lib/events";
import { figure, milliseconds, percent, sinceWord, whole } from "@/lib/format";
import { exploreLink } from "@/lib/links";
import { scaleFor, told } from "@/lib/metrics";
import { Level } from "@/parts/Level";
import { usePast } from "@/parts/past";
import { Ago } from "@/parts/Time";
import { TroubleNote } from "@/parts/Trouble";
import { Rejects, shortSource } from "./quality/Rejects";

export function QualityPage() {
  const ledger = useLedger();
  const quality = useQuality();
  const q = quality.data;
  const l = ledger.data;
  const warnings = (q?.warnings ?? []).map(warningText).filter((w) => w !== "");
  const wash = (l !== undefined && !l.balanced) || warnings.length > 0;
  return (
    <>
      <div className={`page-hero ${wash ? "wash-attention" : ""}`}>
        <h1 className="page-title">
          <Title ledger={l} failed={ledger.isError} />
          {warnings[0] !== undefined && (
            <>
              <br />
              {warnings[0]}
            </>
          )}
        </h1>
        <div className="under">
          {wash && <Level alarm="attention" />}
          {q?.score != null && (
            <span>
              Quality score <b>{Math.round(q.score)}</b> of 100
            </span>
          )}
          {q && (
            <span>
              {percent(q.duplicates.ratio ?? 0)} repeats, {percent(q.late.ratio ?? 0)} late in the last 24 hours
            </span>
          )}
          {warnings.slice(1).map((w) => (
            <span key={w}>{w}</span>
          ))}
        </div>
      </div>
      {l ? (
        <LedgerPicture ledger={l} />
      ) : (
        <div className="wrap section">{ledger.isError ? <TroubleNote error={ledger.error} what="the count of events" /> : <p className="waiting">Counting</p>}</div>
      )}
      {q ? (
        <>
          <div className="wrap section columns">
            <Rejects />
            <div>
              <Freshness quality={q} />
              <Sources />
            </div>
          </div>
          <div className="wrap section thirds">
            <Kinds quality={q} />
            <Missing quality={q} />
            <section>
              <div className="head">
                <h2>Late, and repeated</h2>
                <span className="quiet">last 24 hours</span>
              </div>
              <p className="prose">
                <b>{percent(q.late.ratio ?? 0)}</b> ({whole(q.late.count)}) arrived more than a minute after they happened. They are counted at the
                time they happened.
              </p>
              <p className="prose section tight">
                <b>{percent(q.duplicates.ratio ?? 0)}</b> ({whole(q.duplicates.count)}) were sent more than once. Each is counted once: the same
                source and id is the same event.
              </p>
            </section>
          </div>
        </>
      ) : (
        <div className="wrap section">
          {quality.isError ? <TroubleNote error={quality.error} what="the data quality" again={() => void quality.refetch()} /> : <p className="waiting">Reading</p>}
        </div>
      )}
    </>
  );
}

function warningText(warning: Quality["warnings"][number]): string {
  return typeof warning === "string" ? warning : (warning.sentence ?? warning.message ?? warning.code ?? "");
}

function Title({ ledger, failed }: { ledger: Ledger | undefined; failed: boolean }) {
  if (!ledger) return <>{failed ? "The count of events cannot be read." : "Data quality"}</>;
  if (ledger.received === 0) return <>No event has arrived yet.</>;
  if (!ledger.balanced) return <>The count of events does not balance.</>;
  return <>{ledger.received === 1 ? "The one event is accounted for." : `All ${whole(ledger.received)} events are accounted for.`}</>;
}

/** The ledger twice: to scale, then the part that is too small to see enlarged; beside it the sum, as on paper. */
function LedgerPicture({ ledger: l }: { ledger: Ledger }) {
  if (l.received === 0)
    return (
      <p className="wrap section empty">
        <b>The ledger begins with the first event.</b> Each one that is received ends admitted, as a repeat, or rejected with a reason, and this page
        shows that the three add up.
      </p>
    );
  const rest = l.duplicate + l.rejected + l.in_flight;
  const part = rest / l.received;
  const enlarge = part > 0 && part < 0.2;
  const missing = l.received - l.admitted - rest;
  return (
    <section className="wrap section columns ledger" aria-label="The ledger">
      <div className="ledger-bars" aria-hidden="true">
        <div className="ledger-words">
          <span>
            <b>Received</b> <span className="quiet">{whole(l.received)} since the data directory began</span>
          </span>
        </div>
        <div className="ledger-bar">
          <i className="fill-received" style={{ flex: 1 }} />
        </div>
        <div className="ledger-bar" style={{ marginTop: 2 }}>
          <i className="fill-admitted" style={{ flex: l.admitted }} />
          {enlarge ? (
            <i className="fill-rejected" style={{ flex: rest }} />
          ) : (
            <>
              {l.duplicate > 0 && <i className="fill-duplicate" style={{ flex: l.duplicate }} />}
              {l.rejected > 0 && <i className="fill-rejected" style={{ flex: l.rejected }} />}
              {l.in_flight > 0 && <i className="fill-flight" style={{ flex: l.in_flight }} />}
            </>
          )}
        </div>
        <div className="ledger-words">
          <span>
            <b>Admitted</b> <span className="quiet">{percent(l.admitted / l.received)}, to the same scale</span>
          </span>
          {enlarge && (
            <span className="quiet">
              the other {percent(part)}, drawn {figure(Math.round(1 / part))} times larger
            </span>
          )}
        </div>
        {enlarge && (
          <>
            <svg className="ledger-zoom" viewBox="0 0 1000 28" preserveAspectRatio="none">
              <path d={`M${(1000 * (1 - part)).toFixed(1)} 0H1000V28H0Z`} />
            </svg>
            <div className="ledger-bar">
              {l.duplicate > 0 && <i className="fill-duplicate" style={{ flex: l.duplicate }} />}
              {l.rejected > 0 && <i className="fill-rejected" style={{ flex: l.rejected }} />}
              {l.in_flight > 0 && <i className="fill-flight" style={{ flex: l.in_flight }} />}
            </div>
            <div className="ledger-words under-bar">
              {l.duplicate > 0 && (
                <span>
                  <b>Repeats</b> <span className="quiet">counted once</span>
                </span>
              )}
              {l.rejected > 0 && (
                <span style={{ left: l.duplicate > 0 ? `clamp(150px, ${(l.duplicate / rest) * 100}%, 100% - 240px)` : 0 }}>
                  <b>Rejected</b> <span className="quiet">kept to read</span>
                </span>
              )}
              {l.in_flight > 0 && (
                <span className="minor">
                  <b>On the way</b>
                </span>
              )}
            </div>
          </>
        )}
        {part === 0 && <p className="quiet">Nothing was rejected, repeated or is on the way: every event received was admitted.</p>}
      </div>
      <div>
        <table className="sum">
          <caption className="sr">The ledger as a sum</caption>
          <tbody>
            <SumRow fill="admitted" words="Admitted" n={l.admitted} of={l.received} sign="" />
            <SumRow fill="duplicate" words="Repeats" n={l.duplicate} of={l.received} sign="+ " />
            <SumRow fill="rejected" words="Rejected" n={l.rejected} of={l.received} sign="+ " />
            <SumRow fill="flight" words="On the way, being read now" n={l.in_flight} of={l.received} sign="+ " />
            {missing !== 0 && (
              <tr>
                <td>
                  <Level alarm="attention" word="Not accounted for" />
                </td>
                <td className="num">+ {whole(missing)}</td>
                <td className="num share" />
              </tr>
            )}
            <tr className="total">
              <td>
                <span className="swatch fill-received" />
                Received
              </td>
              <td className="num">= {whole(l.received)}</td>
              <td className="num share">{percent(1)}</td>
            </tr>
          </tbody>
        </table>
        <p className="sum-says">
          {l.balanced
            ? `Nothing is missing. ${l.admitted === 1 ? "The one admitted event is" : `All ${whole(l.admitted)} admitted events are`} ${l.expired > 0 ? `stored (${whole(l.expired)} of them removed since, by retention)` : "stored"}, and in the totals.`
            : `${whole(l.admitted)} are admitted, ${whole(l.stored + l.expired)} are stored and ${whole(l.rolled_up)} are in the totals. These should be the same. Keep the data directory and run: weir doctor`}
        </p>
      </div>
    </section>
  );
}

function SumRow({ fill, words, n, of, sign }: { fill: string; words: string; n: number; of: number; sign: string }) {
  return (
    <tr>
      <td>
        <span className={`swatch fill-${fill} ${fill === "flight" ? "thin" : ""}`} />
        {words}
      </td>
      <td className="num">
        {sign}
        {whole(n)}
      </td>
      <td className="num share">{percent(n / of)}</td>
    </tr>
  );
}

function Freshness({ quality }: { quality: Quality }) {
  const { p50, p95, p99 } = quality.freshness_ms;
  const rows: [string, number | null][] = [
    ["half within", p50],
    ["19 of 20 within", p95],
    ["99 of 100 within", p99],
  ];
  const most = Math.max(...rows.map(([, v]) => v ?? 0), 1);
  return (
    <section className="freshness" aria-labelledby="freshness">
      <div className="head">
        <h2 id="freshness">Freshness</h2>
        <span className="quiet">from arrival until it can be asked for, 24 hours</span>
      </div>
      {p50 === null ? (
        <p className="empty">Nothing to measure yet: no event arrived in the last 24 hours.</p>
      ) : (
        <dl>
          {rows.map(([words, value]) => (
            <div key={words}>
              <dt className="soft">{words}</dt>
              <dd>
                <div className="bar" aria-hidden="true">
                  <i style={{ width: `${((value ?? 0) / most) * 100}%` }} />
                </div>
              </dd>
              <dd className="num strong">{value === null ? "–" : milliseconds(value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

const HOURS = 6;
/** Fewer would be blocks and no bars. */
const LEAST_BARS = 20;

/** Who sends, and whether somebody stopped. Left out where Weir keeps no counts by source. */
function Sources() {
  const past = usePast();
  const since = past?.since ?? null;
  // Bars of five minutes say nothing of a Weir that began minutes ago.
  const young = past !== undefined && since !== null && past.at - since < 50 * 60_000;
  const minutes = young ? 1 : 5;
  const series = useSeries(
    { metric: "events", from: young ? "now-1h" : `now-${HOURS}h`, to: "now", step: young ? "1m" : "5m", by: "source" },
    30_000,
    past !== undefined,
  );
  const lines = (series.data?.series ?? []).filter((s) => s.key !== null && s.key !== "(other)");
  if (lines.length === 0) return null;
  const starts = lines[0]?.points.map(([t]) => Date.parse(t)) ?? [];
  const first = since === null ? 0 : Math.max(Math.min(starts.findIndex((t) => t + minutes * 60_000 > since), starts.length - LEAST_BARS), 0);
  return (
    <section className="section" aria-labelledby="sources">
      <div className="head">
        <h2 id="sources">Sources</h2>
        <span className="quiet">
          {first > 0 && since !== null && past ? `since ${sinceWord(since, past.at)}` : `last ${HOURS} hours`}, {minutes} min a bar
        </span>
        <span className="quiet end">last seen</span>
      </div>
      <ul className="sources">
        {lines.slice(0, 8).map((line) => {
          const trickle = trickleOf(line.points.map(([, v]) => v));
          const values = line.points.slice(first).map(([, v]) => ((v ?? 0) > trickle ? (v ?? 0) : 0));
          const most = Math.max(...values, 1);
          const last = line.points.findLast(([, v]) => (v ?? 0) > 0)?.[0];
          const running = last !== undefined && last === line.points.at(-1)?.[0];
          return (
            <li key={line.key}>
              <Link className="name cut" href={exploreLink({ source: [line.key ?? ""] }, { kind: "live", name: "1h" })} title={line.key ?? ""}>
                {shortSource(line.key)}
              </Link>
              <svg viewBox={`0 0 ${values.length * 4} 14`} preserveAspectRatio="none" aria-hidden="true">
                {values.map((v, i) => (v > 0 ? <rect key={i} x={i * 4} width={3} y={14 - Math.max((v / most) * 14, 1)} height={Math.max((v / most) * 14, 1)} /> : null))}
              </svg>
              <span className="quiet num">{running ? "now" : <Ago at={last} />}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Kinds({ quality }: { quality: Quality }) {
  return (
    <section aria-labelledby="kinds">
      <div className="head">
        <h2 id="kinds">Kinds of event</h2>
        <span className="quiet">last 24 hours</span>
      </div>
      {quality.types.length === 0 ? (
        <p className="empty">None yet.</p>
      ) : (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Kind</th>
              <th scope="col" className="num">Events</th>
              <th scope="col" className="num">Last minute</th>
              <th scope="col" className="num">Last</th>
            </tr>
          </thead>
          <tbody>
            {quality.types.map((t) => (
              <tr key={t.type}>
                <td>
                  <Link className="name" href={exploreLink({ type: [t.type] }, { kind: "live", name: "15m" })} title={t.type}>
                    {typeWord(t.type)}
                  </Link>
                </td>
                <td className="num" title={whole(t.count)}>
                  {t.count < 1e6 ? whole(t.count) : figure(t.count)}
                </td>
                <td className="num">{told(scaleFor("count", t.per_second), t.per_second)}</td>
                <td className="num quiet">
                  <Ago at={t.last_seen} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Missing({ quality }: { quality: Quality }) {
  const fieldWord = (field: string) => field.replace(/^data\./, "");
  const rows = quality.missing_optional.filter((m) => m.ratio > 0 && m.ratio < 1).sort((a, b) => b.ratio - a.ratio);
  // A field that never comes is no fault of one event: these senders do not have it.
  const never = new Map<string, string[]>();
  for (const m of quality.missing_optional) if (m.ratio >= 1) never.set(m.type, [...(never.get(m.type) ?? []), fieldWord(m.field)]);
  return (
    <section aria-labelledby="missing">
      <div className="head">
        <h2 id="missing">Missing, though not required</h2>
        <span className="quiet">last 24 hours</span>
      </div>
      {rows.length === 0 ? (
        <p className="empty">{never.size === 0 ? "No optional field is missing anywhere." : "A field comes always or never."}</p>
      ) : (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Kind</th>
              <th scope="col">Field</th>
              <th scope="col" className="num">Without it</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, 9).map((m) => (
              <tr key={`${m.type} ${m.field}`}>
                <td>{typeWord(m.type)}</td>
                <td className="soft">{fieldWord(m.field)}</td>
                <td className="num">{percent(m.ratio)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {never.size > 0 && (
        <p className="prose never">
          Never sent:{" "}
          {[...never].map(([type, fields], k) => (
            <span key={type}>
              {k > 0 && "; "}
              <b>{typeWord(type)}</b> {fields.join(", ")}
            </span>
          ))}
          .
        </p>
      )}
    </section>
  );
}

