import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { get } from "@/api/client";
import { useFinding, useFindings, useLivePart } from "@/api/queries";
import type { List, WeirEvent } from "@/api/types";
import { eventKey, isEntityKind, keyWords, KIND_WORDS } from "@/lib/events";
import { duration, exact, plural, whole } from "@/lib/format";
import { useEachSecond, useNow, useToday } from "@/hooks/clock";
import { entityLink } from "@/lib/links";
import { AttackSwitch } from "@/parts/AttackSwitch";
import { EventPanel } from "@/parts/EventPanel";
import { EventsTable } from "@/parts/EventsTable";
import { FindingList } from "@/parts/FindingList";
import { alarmOf, Level, worstFirst } from "@/parts/Level";
import { TroubleNote } from "@/parts/Trouble";

export function FindingsPage() {
  const findings = useFindings();
  const items = findings.data?.items ?? [];
  const open = worstFirst(items.filter((f) => f.closed_at === null && (f.status === "new" || f.status === "in_progress")));
  const closed = items.filter((f) => !open.includes(f));
  // That nobody is named does not mean that nothing is wrong.
  const overview = useLivePart((s) => s.overview);
  const alarm = useEachSecond(overview && overview.state !== "normal" ? { state: overview.state, sentence: overview.sentence } : null, overview?.state);
  return (
    <>
      <div className="page-hero">
        <h1 className="page-title">
          {findings.data === undefined ? "Findings" : open.length === 0 ? "No finding is open." : `${plural(open.length, "finding")} open.`}
        </h1>
        {open.length === 0 && alarm !== null && (
          <p className="under">
            <Level alarm={alarm.state} />
            <Link className="name" href="/">
              {alarm.sentence}
            </Link>
          </p>
        )}
        <p className="under">
          <span className="prose">A finding is one attack, told in a sentence: who does what to whom, since when, and what to do. It opens, grows and closes by itself.</span>
        </p>
      </div>
      <section className="wrap section tight">
        {findings.isError && !findings.data ? (
          <TroubleNote error={findings.error} what="the findings" again={() => void findings.refetch()} />
        ) : findings.isPending ? (
          <p className="waiting">Reading the findings</p>
        ) : items.length === 0 ? (
          <div className="empty">
            <b>Nothing has been found on this Weir so far.</b>
            <p>
              This version tells an attack by its numbers: Home’s sentence changes and the numbers that left their usual stand out. It does not
              yet name who is behind it; when it does, each attack will be one line here, worst first.
            </p>
            <p>To see what an attack does to the numbers, play one and look at Home:</p>
            <div className="line">
              <AttackSwitch />
            </div>
          </div>
        ) : (
          <>
            {open.length > 0 && <FindingList findings={open} />}
            {closed.length > 0 && (
              <>
                <div className="head section">
                  <h2>Closed</h2>
                  <span className="quiet">{closed.length}</span>
                </div>
                <FindingList findings={closed} />
              </>
            )}
          </>
        )}
      </section>
    </>
  );
}

export function FindingPage({ id }: { id: string }) {
  const finding = useFinding(id);
  const evidence = useQuery({
    queryKey: ["finding", id, "events"],
    queryFn: ({ signal }) => get<List<WeirEvent>>(`/findings/${encodeURIComponent(id)}/events`, { limit: 50 }, signal),
    refetchInterval: 10_000,
    enabled: finding.data !== undefined,
  });
  const [opened, setOpened] = useState<WeirEvent | null>(null);
  const now = useNow();
  const today = useToday();
  const f = finding.data;
  if (!f)
    return (
      <div className="wrap section">
        {finding.isError ? <TroubleNote error={finding.error} what="this finding" again={() => void finding.refetch()} /> : <p className="waiting">Reading the finding</p>}
      </div>
    );
  const began = Date.parse(f.opened_at);
  const until = f.closed_at === null ? now : Date.parse(f.closed_at);
  const alarm = alarmOf(f.rule.level);
  const groups = (["target", "actor"] as const).map((role) => ({ role, entities: f.entities.filter((e) => e.role === role) }));
  return (
    <>
      <div className={`page-hero ${f.closed_at === null ? (alarm === "attack" ? "wash-attack" : "wash-attention") : ""}`}>
        <div className="crumbs">
          <Link className="name" href="/">Home</Link> / <Link className="name" href="/findings">Findings</Link> / <span>{f.rule.title}</span>
        </div>
        <h1 className="page-title">{f.sentence}</h1>
        <div className="under">
          <Level alarm={alarm} />
          <span title={exact(began)}>
            {f.closed_at === null ? `${duration(until - began)} so far` : `lasted ${duration(until - began)}`}
          </span>
          <span>{plural(f.events, "event")}</span>
          <span>Assigned to {f.assignee ?? "nobody yet"}</span>
        </div>
      </div>
      <div className="wrap section columns">
        <section>
          <div className="head">
            <h2>Evidence</h2>
            <span className="quiet">newest first, of {whole(f.events)}</span>
          </div>
          {evidence.data ? (
            <EventsTable events={evidence.data.items} chosen={opened ? eventKey(opened) : null} open={setOpened} now={today} label="Evidence" />
          ) : evidence.isError ? (
            <TroubleNote error={evidence.error} what="the evidence" />
          ) : (
            <p className="waiting">Reading the evidence</p>
          )}
        </section>
        <section>
          <h2 className="counts-head">What to do</h2>
          <p className="prose">{f.recommendation}</p>
          {groups.map(
            ({ role, entities }) =>
              entities.length > 0 && (
                <div key={role} className="section tight">
                  <h3 className="counts-head">{role === "target" ? "Who is hit" : "Who does it"}</h3>
                  <ul className="counts">
                    {entities.slice(0, 12).map((e) => (
                      <li key={`${e.kind} ${e.id}`}>
                        <span className="quiet">{isEntityKind(e.kind) ? KIND_WORDS[e.kind].one : e.kind}</span>
                        <Link className="name cut" href={entityLink(e.kind, e.id)}>
                          {keyWords(e.kind, e.id)}
                        </Link>
                      </li>
                    ))}
                  </ul>
                  {entities.length > 12 && <p className="quiet">and {whole(entities.length - 12)} more</p>}
                </div>
              ),
          )}
        </section>
      </div>
      <EventPanel event={opened} onClose={() => setOpened(null)} />
    </>
  );
}
