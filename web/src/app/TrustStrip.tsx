import { Link } from "wouter";
import { useHealth, useLedger, useLive, useLivePart } from "@/api/queries";
import { useEachSecond, useNow } from "@/hooks/clock";
import { duration, exact, milliseconds, plural, whole } from "@/lib/format";
import { Level } from "@/parts/Level";

/** Can this page be trusted: how old the numbers are, whether all events are accounted for, whether all parts work. */
export function TrustStrip() {
  return (
    <footer className="trust" aria-label="Can this page be trusted">
      <Arrived />
      <Accounted />
      <Parts />
      <Clock />
    </footer>
  );
}

function Arrived() {
  // A second is often enough for what nobody reads while it changes.
  const live = useLive();
  const { link, heardAt, changedAt, gapMs } = useEachSecond(live, live.link);
  const now = useNow();
  if (link === "connecting" || heardAt === null) return <span className="trust-arrived">Waiting for the first numbers</span>;
  if (link === "lost")
    return (
      <span className="trust-arrived">
        <Level alarm="attention" word={`No answer for ${duration(Math.max(now - heardAt, 0))}`} />
      </span>
    );
  const still = Math.max(now - (changedAt ?? heardAt), 0);
  if (still > 5000)
    return (
      <span className="trust-arrived" title={`Weir answers, but no number has changed since ${exact(changedAt ?? heardAt)}`}>
        Nothing new for <b>{duration(still)}</b>
      </span>
    );
  return (
    <span className="trust-arrived" title="The longest wait for new numbers within the last second">
      Data arrived <b>{milliseconds(Math.max(gapMs ?? still, 1))}</b> ago
    </span>
  );
}

function Accounted() {
  const { data, isError } = useLedger();
  if (!data)
    return <Link href="/quality">{isError ? "The count of events is not readable" : "Counting events"}</Link>;
  if (!data.balanced)
    return (
      <Link href="/quality">
        <Level alarm="attention" word="The ledger does not balance" />
      </Link>
    );
  if (data.received === 0) return <Link href="/quality">No events yet</Link>;
  return (
    <Link href="/quality">
      {data.received === 1 ? (
        <>The one event is accounted for</>
      ) : (
        <>
          All <b>{whole(data.received)}</b> events accounted for
        </>
      )}
    </Link>
  );
}

function Parts() {
  const { data, isError } = useHealth();
  const lost = useLivePart((s) => s.link === "lost");
  // They were well, and nobody knows how they are.
  if (lost) return <Link href="/health">Parts not reachable</Link>;
  if (!data) return <Link href="/health">{isError ? "Health is not readable" : "Asking the parts"}</Link>;
  const well = data.components.filter((c) => c.status === "ok").length;
  const all = data.components.length;
  if (well < all)
    return (
      <Link href="/health">
        <Level alarm="attention" word={`${all - well} of ${plural(all, "part")} not healthy`} />
      </Link>
    );
  return (
    <Link href="/health">
      {well} of {all} parts healthy
    </Link>
  );
}

function Clock() {
  const now = useNow();
  return <time className="end quiet">{exact(now)}</time>;
}
