import type { RejectGroup } from "@/api/types";

// Controls, marks that change the order of text, and other characters that are there and cannot be seen; line feed and tab are
// left alone.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu;

/** Text from strangers as it can be looked at: what cannot be seen, or turns other text around, shows as its number. */
export function seen(text: string): string {
  return text.replace(UNSEEN, (c) => (c === "\n" || c === "\t" ? c : `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`));
}

/** One word for a POSIX shell; with bash's $'…' where a character could not be seen in a terminal. */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (text.search(UNSEEN) < 0) return `'${text.replaceAll("'", "'\\''")}'`;
  const inner = text
    .replaceAll("\\", "\\\\")
    .replaceAll("'", "\\'")
    .replace(UNSEEN, (c) => `\\U${(c.codePointAt(0) ?? 0).toString(16).padStart(8, "0")}`);
  return `$'${inner}'`;
}

type What = Pick<RejectGroup, "reason" | "field" | "source">;

/** The commands for a group; `at` is where the page came from. */
export function rejectCommands(group: What, at: string): { save: string; replay: string } {
  const where = at === "http://127.0.0.1:3000" || at === "http://localhost:3000" ? "" : ` --to-url=${shellWord(at)}`;
  const what = `--reason=${shellWord(group.reason)} --field=${shellWord(group.field)} --source=${shellWord(group.source)}${where}`;
  return { save: `weir rejects export ${what} > rejects.ndjson`, replay: `weir rejects replay ${what}` };
}
