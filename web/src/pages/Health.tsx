import { useHealth, useLedger, useLivePart, useQuality } from "@/api/queries";
import { duration, listed, milliseconds, plural, whole } from "@/lib/format";
import { Level } from "@/parts/Level";
import { TroubleNote } from "@/parts/Trouble";

/** What each part is for, and what to do when it is not well. */
const PARTS: Record<string, { title: string; is: string; ill: string; does: string }> = {
  simulator: {
    title: "Simulator",
    does: "makes traffic",
    is: "Plays a made-up service, so that there is something to see. Real senders do not need it.",
    ill: "Look at Simulation; real events are not affected.",
  },
  log: {
    title: "Log",
    does: "keeps what arrives",
    is: "Writes every received event to disk before it is acknowledged. What is in it cannot be lost by a crash.",
    ill: "New events are refused until it is back. Check the free space and the rights of the data directory.",
  },
  worker: {
    title: "Worker",
    does: "checks and sorts",
    is: "Reads the log, checks each event, drops repeats and fills the tables.",
    ill: "Events wait in the log and numbers fall behind; nothing is lost. Restart Weir if it does not recover.",
  },
  store: {
    title: "Store",
    does: "answers questions",
    is: "The tables that every number, list and chart on this page is read from.",
    ill: "Numbers and lists cannot be read; the log keeps what arrives. Check memory and disk space.",
  },
  index: {
    title: "Index",
    does: "finds names",
    is: "Answers the search. It is built from the tables and can be built again.",
    ill: "Search finds less or nothing; everything else works.",
  },
};

const ORDER = ["simulator", "log", "worker", "store", "index"];

export function HealthPage() {
  const health = useHealth();
  const quality = useQuality();
  const ledger = useLedger();
  const lost = useLivePart((s) => s.link === "lost");
  const h = health.data;
  if (!h)
    return (
      <div className="wrap section">
        {health.isError ? <TroubleNote error={health.error} what="the health of its parts" again={() => void health.refetch()} /> : <p className="waiting">Asking the parts</p>}
      </div>
    );
  if (lost)
    return (
      <div className="page-hero">
        <h1 className="page-title">How the parts are is not known: Weir does not answer.</h1>
        <p className="under">
          <span className="prose">
            Events that it had accepted are on its disk. Check that it is running and that this computer reaches it; its own log says why it
            stopped. The page goes on by itself when it is back.
          </span>
        </p>
      </div>
    );
  const parts = [...h.components].sort((a, b) => rank(a.name) - rank(b.name));
  const ill = parts.filter((c) => c.status !== "ok");
  const fresh = quality.data?.freshness_ms.p50;
  return (
    <>
      <div className={`page-hero ${h.status === "ok" && ill.length === 0 ? "" : "wash-attention"}`}>
        <h1 className="page-title">
          {ill.length === 0
            ? `All ${parts.length} parts are healthy.`
            : `${listed(ill.map((c) => PARTS[c.name]?.title ?? c.name))} ${ill.length === 1 ? "is" : "are"} not well.`}
        </h1>
        <div className="under">
          {ill.length > 0 && <Level alarm="attention" word={h.status === "down" ? "Down" : "Degraded"} />}
          <span>running for {duration(h.uptime_s * 1000)}</span>
          {fresh != null && <span>an event can be asked for {milliseconds(fresh)} after it arrived</span>}
          {ledger.data && ledger.data.in_flight > 0 && <span>{plural(ledger.data.in_flight, "event")} on the way right now</span>}
          <span className="quiet">Weir {h.version}</span>
        </div>
      </div>
      <section className="wrap section">
        <ol className="flow" aria-hidden="true">
          {parts.map((c) => (
            <li key={c.name} className={c.status === "ok" ? "" : "bad"}>
              <b>{PARTS[c.name]?.title ?? c.name}</b>
              <span className="quiet">{PARTS[c.name]?.does ?? ""}</span>
            </li>
          ))}
        </ol>
        <ul className="parts" aria-label="Parts">
          {parts.map((c) => {
            const words = PARTS[c.name];
            const ok = c.status === "ok";
            return (
              <li key={c.name}>
                <b>{words?.title ?? c.name}</b>
                {ok ? <span className="well">healthy</span> : <Level alarm="attention" word={c.status === "down" ? "Down" : "Degraded"} />}
                <span className="says soft">
                  {words?.is ?? ""} {c.message !== null && c.message !== "" && (ok ? `${said(c.message)} ` : <b>{said(c.message)} </b>)}
                  {!ok && words?.ill}
                </span>
                <span className="quiet num engine">
                  {c.engine}
                  {c.latency_ms !== null && (
                    <>
                      <br />
                      answers in {milliseconds(c.latency_ms)}
                    </>
                  )}
                </span>
              </li>
            );
          })}
        </ul>
      </section>
      {ledger.data && (
        <section className="wrap section">
          <h2>What has gone through</h2>
          <p className="prose">
            {whole(ledger.data.received)} received, {whole(ledger.data.admitted)} admitted, {whole(ledger.data.duplicate)} repeats,{" "}
            {whole(ledger.data.rejected)} rejected.
          </p>
        </section>
      )}
    </>
  );
}

function rank(name: string): number {
  const at = ORDER.indexOf(name);
  return at < 0 ? ORDER.length : at;
}

function said(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
