import { Fragment, useMemo, useState } from "react";
import { useNewestReject, useRejectGroups, useRejectPages } from "@/api/queries";
import type { Reject, RejectGroup } from "@/api/types";
import { useView } from "@/hooks/view";
import { REASON_WORDS } from "@/lib/events";
import { exact, plural, whole } from "@/lib/format";
import { rejectCommands, seen } from "@/lib/rejects";
import { Copy } from "@/parts/Copy";
import { Sheet } from "@/parts/Sheet";
import { Ago } from "@/parts/Time";
import { TroubleNote } from "@/parts/Trouble";

const AT_FIRST = 12;

function keyOf(group: RejectGroup): string {
  return `${group.reason} ${group.field} ${group.source}`;
}

/** What was rejected, in groups; the newest of the chosen one, and the way to all of it. */
export function Rejects() {
  const [search, change] = useView();
  const [all, setAll] = useState(false);
  const groups = useRejectGroups();
  const items = groups.data?.items ?? [];
  const rows = all ? items : items.slice(0, AT_FIRST);
  const chosenKey = search.get("reject");
  const chosen = items.find((r) => keyOf(r) === chosenKey) ?? items[0];
  const total = groups.data?.rejects ?? 0;
  const more = (groups.data?.groups ?? 0) - rows.length;
  const most = Math.max(...rows.map((r) => r.count), 1);
  return (
    <section aria-labelledby="rejects">
      <div className="head">
        <h2 id="rejects">Rejected in the last 24 hours</h2>
        {groups.data && <span className="quiet">{total === 0 ? "none" : `${whole(total)}, kept as they came`}</span>}
      </div>
      {!groups.data ? (
        groups.isError ? (
          <TroubleNote error={groups.error} what="what was rejected" again={() => void groups.refetch()} />
        ) : (
          <p className="waiting">Reading</p>
        )
      ) : !chosen ? (
        <p className="empty">
          Nothing was rejected. An event that cannot be used stands here with the reason, the field, its sender and its own bytes, so that the sender
          can be told what to change.
        </p>
      ) : (
        <>
          <table className="table rejects-table">
            <thead>
              <tr>
                <th scope="col">Reason</th>
                <th scope="col" className="far">Code</th>
                <th scope="col" className="far">Field</th>
                <th scope="col" className="far">From</th>
                <th scope="col" className="num">Events</th>
                <th scope="col" className="far bar-col">
                  <span className="sr">Compared</span>
                </th>
                <th scope="col" className="num">Last</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((r) => (
                <tr key={keyOf(r)} className={r === chosen ? "chosen" : ""}>
                  <td>
                    <button type="button" className="pick" aria-pressed={r === chosen} onClick={() => change((s) => s.set("reject", keyOf(r)), "replace")}>
                      {REASON_WORDS[r.reason]?.title ?? r.reason}
                    </button>
                  </td>
                  <td className="far quiet">{r.reason}</td>
                  <td className="far soft cut" title={r.field}>
                    {seen(r.field)}
                  </td>
                  <td className="far soft cut" title={r.source}>
                    {shortSource(r.source)}
                  </td>
                  <td className="num">{whole(r.count)}</td>
                  <td className="far">
                    <div className="bar s-failure" aria-hidden="true">
                      <i style={{ width: `${(r.count / most) * 100}%` }} />
                    </div>
                  </td>
                  <td className="num quiet">
                    <Ago at={r.last_seen} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {more > 0 &&
            (rows.length < items.length ? (
              <button type="button" className="text-button explore-note" onClick={() => setAll(true)}>
                Show {plural(items.length - rows.length, "smaller group")} more
              </button>
            ) : (
              <p className="quiet explore-note">and {plural(more, "smaller group")}</p>
            ))}
          <Newest group={chosen} onAll={() => change((s) => s.set("list", "rejects"))} />
          {search.get("list") === "rejects" && <GroupSheet group={chosen} onClose={() => change((s) => s.delete("list"), "replace")} />}
        </>
      )}
    </section>
  );
}

function Newest({ group, onAll }: { group: RejectGroup; onAll: () => void }) {
  const sample = useNewestReject(ask(group));
  const newest = sample.data?.items[0];
  return (
    <div className="sample">
      {newest ? (
        <>
          <p>
            <b>
              The newest one, <Ago at={newest.received_at} />.
            </b>{" "}
            “{seen(newest.message)}” {REASON_WORDS[group.reason]?.todo ?? ""}
          </p>
          <RawBytes reject={newest} />
          <p className="sample-ways">
            <button type="button" className="text-button" onClick={onAll}>
              {group.count === 1 ? "Where it came, and how to send it again" : `See all ${whole(group.count)}, and how to send them again`}
            </button>
            <CopyRaw reject={newest} />
          </p>
        </>
      ) : sample.isError ? (
        <TroubleNote error={sample.error} what="a rejected event" />
      ) : (
        <p className="quiet">{sample.isPending ? "Reading the newest one" : "The events themselves are no longer kept."}</p>
      )}
    </div>
  );
}

/** One group, whole: what it is, the commands for it, and its rejects, newest first. */
function GroupSheet({ group, onClose }: { group: RejectGroup; onClose: () => void }) {
  const title = REASON_WORDS[group.reason]?.title ?? group.reason;
  const pages = useRejectPages(ask(group));
  const items = pages.data?.pages.flatMap((page) => page.items) ?? [];
  const commands = rejectCommands(group, window.location.origin);
  return (
    <Sheet open side onClose={onClose} title={title}>
      <dl className="kv">
        <Row label="Code">{group.reason}</Row>
        <Row label="Field">{group.field === "" ? <span className="quiet">the event as a whole</span> : seen(group.field)}</Row>
        <Row label="From">{group.source === "" ? <span className="quiet">no source could be read</span> : seen(group.source)}</Row>
        <Row label="Last 24 hours">{plural(group.count, "event")}</Row>
        <Row label="First">{exact(Date.parse(group.first_seen), true)}</Row>
        <Row label="Last">{exact(Date.parse(group.last_seen), true)}</Row>
      </dl>
      <div className="section tight">
        <div className="head">
          <h3>Take them along</h3>
        </div>
        <p className="prose">Every one once, with its exact bytes, one JSON object a line.</p>
        <Command text={commands.save} />
      </div>
      <div className="section tight">
        <div className="head">
          <h3>Send them again</h3>
        </div>
        {group.reason === "too_large" ? (
          <p className="prose">Not these: of what is too large the first 64 KiB are kept. The sender has them.</p>
        ) : (
          <>
            <p className="prose">
              When what was wrong has been put right. Each is sent once: the command remembers what it sent. What is still wrong is rejected again.
            </p>
            <Command text={commands.replay} />
          </>
        )}
      </div>
      <div className="section tight">
        <div className="head">
          <h3>As they came</h3>
          <span className="quiet">newest first</span>
        </div>
        {pages.isError && <TroubleNote error={pages.error} what="the rejected events" again={() => void pages.refetch()} />}
        {pages.isPending && <p className="waiting">Reading</p>}
        {pages.isSuccess && items.length === 0 && <p className="empty">The events themselves are no longer kept.</p>}
        <ol className="reject-list">
          {items.map((item) => (
            <li key={`${item.partition} ${item.offset}`}>
              <p className="reject-head">
                <time dateTime={item.received_at}>{exact(Date.parse(item.received_at), true)}</time>
                <span className="quiet">
                  partition {item.partition}, offset {item.offset}
                </span>
                <span className="end">
                  <CopyRaw reject={item} />
                </span>
              </p>
              <p className="soft">{seen(item.message)}</p>
              <RawBytes reject={item} />
            </li>
          ))}
        </ol>
        {pages.hasNextPage && (
          <button type="button" className="text-button" disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            {pages.isFetchingNextPage ? "Reading" : "Show older ones"}
          </button>
        )}
      </div>
    </Sheet>
  );
}

function ask(group: RejectGroup) {
  return { reason: group.reason, field: group.field, source: group.source };
}

function Row({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <span>{children}</span>
      </dd>
    </div>
  );
}

function Command({ text }: { text: string }) {
  return (
    <div className="command">
      <code>
        {/* A flag is not broken at its hyphens. */}
        {text.split(" ").map((word, i) => (
          <Fragment key={i}>
            {i > 0 && " "}
            <span>{word}</span>
          </Fragment>
        ))}
      </code>
      <Copy text={() => text} />
    </div>
  );
}

function CopyRaw({ reject }: { reject: Reject }) {
  const { raw_base64: exactly } = reject;
  return exactly === undefined ? <Copy text={() => reject.raw} label="Copy it" /> : <Copy text={() => exactly} label="Copy as base64" />;
}

function RawBytes({ reject }: { reject: Reject }) {
  return (
    <>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a text that scrolls */}
      <pre className="raw" tabIndex={0} aria-label="The event as it came">
        <Raw text={seen(reject.raw)} field={reject.field} />
      </pre>
      {reject.raw_base64 !== undefined && <p className="quiet">Some of these bytes are no UTF-8; � stands for them.</p>}
      {reject.cut === true && <p className="quiet">The first 64 KiB are kept. This one is not sent again.</p>}
    </>
  );
}

/** The raw bytes with the field at fault marked, where it is there to be marked. */
function Raw({ text, field }: { text: string; field: string | null }) {
  const shown = text.length > 4000 ? `${text.slice(0, 4000)}…` : text;
  const name = field?.split(".").at(-1);
  const at = useMemo(() => {
    if (name === undefined || name === "") return null;
    // A name, a colon, and a value that is a string or anything up to the next comma or brace.
    const pattern = new RegExp(`"${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}"\\s*:\\s*("(?:[^"\\\\]|\\\\.)*"|[^,}\\]]*)`);
    const found = pattern.exec(shown);
    return found ? ([found.index, found.index + found[0].length] as const) : null;
  }, [shown, name]);
  if (!at) return <>{shown}</>;
  return (
    <>
      {shown.slice(0, at[0])}
      <mark>{shown.slice(at[0], at[1])}</mark>
      {shown.slice(at[1])}
    </>
  );
}

export function shortSource(source: string | null): string {
  if (source === null || source === "") return "unknown";
  return seen(source.replace(/^https?:\/\//, ""));
}
