import * as ToggleGroup from "@radix-ui/react-toggle-group";
import { day, hourMinute } from "@/lib/format";
import { type Range, RANGES, type RangeName } from "@/lib/range";

/** The stretch of time: one of the named ones, or the one that was zoomed to. */
export function RangePicker({ range, choose }: { range: Range; choose: (range: Range) => void }) {
  const value = range.kind === "live" ? range.name : "";
  return (
    <div className="ranges">
      {range.kind === "fixed" && (
        <span className="chip">
          <span className="cut">{fixedWords(range.from, range.to)}</span>
          <button type="button" aria-label="Undo the zoom, back to now" onClick={() => choose({ kind: "live", name: "1h" })}>
            ×
          </button>
        </span>
      )}
      <ToggleGroup.Root
        type="single"
        className="choices"
        value={value}
        aria-label="Stretch of time"
        onValueChange={(name) => {
          if (name !== "") choose({ kind: "live", name: name as RangeName });
        }}
      >
        {RANGES.map((r) => (
          <ToggleGroup.Item key={r.name} value={r.name} data-label={r.label}>
            {r.label}
          </ToggleGroup.Item>
        ))}
      </ToggleGroup.Root>
    </div>
  );
}

function fixedWords(from: number, to: number): string {
  const sameDay = Math.floor(from / 86_400_000) === Math.floor(to / 86_400_000);
  const old = Date.now() - to > 12 * 3_600_000;
  return sameDay
    ? `${old ? `${day(from)}, ` : ""}${hourMinute(from)} to ${hourMinute(to)} UTC`
    : `${day(from)} ${hourMinute(from)} to ${day(to)} ${hourMinute(to)} UTC`;
}
