import type { Finding } from "@/api/types";

export type Alarm = "attack" | "elevated" | "attention";

/** Levels of rules (Sigma) as the three steps of alarm that people see. */
export function alarmOf(level: string): Alarm {
  if (level === "critical" || level === "high") return "attack";
  return level === "medium" ? "elevated" : "attention";
}

const WORDS: Record<Alarm, string> = { attack: "Attack", elevated: "Elevated", attention: "Attention" };

/** A mark and a word, never a colour alone. */
export function Level({ alarm, word }: { alarm: Alarm; word?: string }) {
  return <span className={`level ${alarm}`}>{word ?? WORDS[alarm]}</span>;
}

const RANK: Record<Alarm, number> = { attack: 0, elevated: 1, attention: 2 };

/** Worst first, then the one seen last. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (a, b) =>
      RANK[alarmOf(a.rule.level)] - RANK[alarmOf(b.rule.level)] || Date.parse(b.last_seen_at) - Date.parse(a.last_seen_at),
  );
}
