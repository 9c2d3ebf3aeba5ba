import { ago, exact } from "@/lib/format";
import { useNow } from "@/hooks/clock";

/** "2 min ago", with the exact time when pointed at. */
export function Ago({ at }: { at: string | null | undefined }) {
  const now = useNow();
  const ms = Date.parse(at ?? "");
  if (!Number.isFinite(ms)) return <span>never</span>;
  return (
    <time dateTime={at ?? undefined} title={exact(ms, true)}>
      {ago(ms, Math.max(now, ms))}
    </time>
  );
}
