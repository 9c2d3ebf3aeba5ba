import { Link } from "wouter";
import type { Finding } from "@/api/types";
import { findingLink } from "@/lib/links";
import { alarmOf, Level } from "./Level";
import { Ago } from "./Time";

/** Findings as lines: how bad, what happened, which rule, who looks at it, when last seen. */
export function FindingList({ findings }: { findings: Finding[] }) {
  return (
    <ul className="findings">
      {findings.map((f) => (
        <li key={f.id}>
          <Link href={findingLink(f.id)}>
            <Level alarm={alarmOf(f.rule.level)} />
            <span className="said">{f.sentence}</span>
            <span className="quiet far">{f.rule.title}</span>
            <span className="soft far num">{f.assignee ?? "nobody yet"}</span>
            <span className="quiet num">
              <Ago at={f.last_seen_at} />
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
