import { useEffect, useState } from "react";
import { useLive, useLiveFeed } from "@/api/queries";
import { useNow } from "@/hooks/clock";
import { clock, duration } from "@/lib/format";

/** Across the top while Weir does not answer: since when, what it means, what to do. */
export function StaleBanner() {
  const { link, heardAt, trouble } = useLive();
  const feed = useLiveFeed();
  const now = useNow();
  // A first request that takes its time is no outage.
  const [patient, setPatient] = useState(true);
  useEffect(() => {
    const timer = setTimeout(() => setPatient(false), 3000);
    return () => clearTimeout(timer);
  }, []);
  if (link !== "lost" || (heardAt === null && patient && trouble === null)) return null;
  const refused = trouble !== null && (trouble.status === 401 || trouble.status === 403);
  return (
    <div className="stale" role="alert">
      {refused ? (
        <>
          <b>This Weir asks for a token.</b>
          <span>Enter one under Settings. Whoever runs Weir makes it with: weir token create NAME --scopes read</span>
        </>
      ) : heardAt === null && trouble !== null && trouble.status > 0 ? (
        <>
          <b>Weir answers, but gives no numbers.</b>
          <span>{trouble.detail ?? "One of its parts is not ready yet."} The page goes on by itself when they come.</span>
        </>
      ) : heardAt === null ? (
        <>
          <b>Weir does not answer.</b>
          <span>Check that it is running and that this computer reaches it. The page goes on by itself when it is back.</span>
        </>
      ) : (
        <>
          <b>
            Old numbers: Weir has not answered since {clock(heardAt)} UTC, {duration(Math.max(now - heardAt, 0))} ago.
          </b>
          <span>
            {trouble !== null && trouble.status >= 500 && trouble.detail !== null ? `It says: ${trouble.detail} ` : ""}What you see is from
            then. The page goes on by itself when Weir is back.
          </span>
        </>
      )}
      <button type="button" className="button" onClick={feed.refresh}>
        Ask now
      </button>
    </div>
  );
}
