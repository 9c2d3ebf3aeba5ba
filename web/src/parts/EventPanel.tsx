import { Link } from "wouter";
import type { WeirEvent } from "@/api/types";
import { countryName, happened, kindOfField, program } from "@/lib/events";
import { isFilterField } from "@/lib/filters";
import { exact, milliseconds } from "@/lib/format";
import { entityLink, exploreLink } from "@/lib/links";
import { Copy } from "./Copy";
import { Sheet } from "./Sheet";

const FIELD_LABELS: Record<string, string> = {
  user_id: "Account",
  ip: "Address",
  email: "Email",
  outcome: "Outcome",
  reason: "Reason",
  auth_method: "Signed in with",
  method: "Method",
  path: "Path",
  status: "Status",
  latency_ms: "Answered in",
  bytes: "Bytes",
  referrer: "Came from",
  recipient: "Recipient",
  template: "Template",
  provider: "Mail provider",
  message_id: "Message id",
  dsn: "Mail status code",
  user_agent: "Program",
  country: "Country",
  asn: "Network",
  session_id: "Session",
  device_id: "Device",
};

/** One event, whole: each field with its way on, and the raw JSON. Lies beside the list, which stays alive. */
export function EventPanel({ event, onClose }: { event: WeirEvent | null; onClose: () => void }) {
  if (!event) return null;
  const { what, outcome, failed } = happened(event);
  const title = `${what} ${outcome}`.trim();
  const raw = JSON.stringify(event, null, 2);
  const happenedAt = Date.parse(event.time);
  const receivedAt = Date.parse(event.weirreceived ?? "");
  return (
    <Sheet
      open
      beside
      side
      onClose={onClose}
      title={title}
      heading={
        <span aria-live="polite">
          {what} {outcome !== "" && <span className={failed ? "failed" : "soft"}>{outcome}</span>}
        </span>
      }
    >
      <dl className="kv">
        <Row label="Happened">{exact(happenedAt, true)}</Row>
        {Number.isFinite(receivedAt) && (
          <Row label="Arrived">
            {receivedAt - happenedAt > 60_000
              ? `${exact(receivedAt, true)}, late`
              : receivedAt >= happenedAt
                ? `${milliseconds(receivedAt - happenedAt)} later`
                : exact(receivedAt, true)}
          </Row>
        )}
        <Row label="Kind">
          <Link className="name" href={exploreLink({ type: [event.type] })}>
            {event.type}
          </Link>
        </Row>
        {Object.entries(event.data).map(([name, value]) => (
          <Row key={name} label={FIELD_LABELS[name] ?? name} copy={textOf(value)}>
            <Value event={event} name={name} text={textOf(value)} />
          </Row>
        ))}
        <Row label="Source" copy={event.source}>
          <Link className="name" href={exploreLink({ source: [event.source] })}>
            {event.source}
          </Link>
        </Row>
        <Row label="Event id" copy={event.id}>
          {event.id}
        </Row>
        {event.weirtruth !== undefined && event.weirtruth !== "" && (
          <Row label="Simulator's label">
            {event.weirtruth} <span className="quiet">never used to detect</span>
          </Row>
        )}
        {event.weirpartition !== undefined && (
          <Row label="Place in the log">
            partition {event.weirpartition}, offset {event.weiroffset ?? "unknown"}
          </Row>
        )}
      </dl>
      <div className="section tight">
        <div className="head">
          <h3>As it came</h3>
          <span className="end">
            <Copy text={() => raw} label="Copy JSON" />
          </span>
        </div>
        {/* A long text that scrolls must be reachable by keyboard. */}
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <pre className="raw" tabIndex={0}>
          {raw}
        </pre>
      </div>
    </Sheet>
  );
}

function Row({ label, copy, children }: { label: string; copy?: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <span>{children}</span>
        {copy !== undefined && copy !== "" && <Copy text={() => copy} />}
      </dd>
    </div>
  );
}

function Value({ event, name, text }: { event: WeirEvent; name: string; text: string }) {
  if (text === "") return <span className="quiet">empty</span>;
  const kind = kindOfField(name);
  if (kind)
    return (
      <Link className="name" href={entityLink(kind, text)}>
        {kind === "asn" ? `AS${text}` : kind === "country" ? `${countryName(text)} (${text})` : text}
      </Link>
    );
  if (name === "latency_ms") return <>{text} ms</>;
  if (name === "user_agent")
    return (
      <>
        {program(text)} {program(text) !== text && <span className="quiet">{text}</span>}
      </>
    );
  // An email's status is called delivery outside of its data.
  const filter = name === "status" && event.type === "email.send" ? "delivery" : name;
  if (isFilterField(filter))
    return (
      <Link className="name" href={exploreLink({ type: [event.type], [filter]: [text] })}>
        {text}
      </Link>
    );
  return <>{text}</>;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return value === null || value === undefined ? "" : JSON.stringify(value);
}
