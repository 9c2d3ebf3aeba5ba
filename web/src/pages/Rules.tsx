import { useRules } from "@/api/queries";
import { useView } from "@/hooks/view";
import { plural, whole } from "@/lib/format";
import { alarmOf, Level } from "@/parts/Level";
import { TroubleNote } from "@/parts/Trouble";

export function RulesPage() {
  const rules = useRules();
  const [search] = useView();
  const chosen = search.get("rule");
  const items = rules.data?.items ?? [];
  const broken = items.filter((r) => r.error !== null && r.error !== "").length;
  return (
    <>
      <div className="page-hero">
        <h1 className="page-title">
          {rules.data === undefined
            ? "Rules"
            : items.length === 0
              ? "No rules are loaded."
              : broken > 0
                ? `${plural(items.length, "rule")}, ${broken} of them cannot be read.`
                : `${plural(items.length, "rule")}, all readable.`}
        </h1>
        <p className="under">
          <span className="prose">A rule says in a file (Sigma, YAML) what abuse looks like. When events match it, a finding opens.</span>
        </p>
      </div>
      <section className="wrap section tight">
        {rules.isError && !rules.data ? (
          <TroubleNote error={rules.error} what="the rules" again={() => void rules.refetch()} />
        ) : rules.isPending ? (
          <p className="waiting">Reading the rules</p>
        ) : items.length === 0 ? (
          <div className="empty">
            <b>This list is empty because this Weir does not detect by rules yet.</b>
            <p>
              Until it does, Home compares each number with its own usual of the last minutes, and says in its sentence when one leaves it.
              Rules will stand here with their level, what they look for in words, and how often they matched in the last hour.
            </p>
          </div>
        ) : (
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Level</th>
                <th scope="col">Rule</th>
                <th scope="col" className="far">What it looks for</th>
                <th scope="col" className="num">Matches, 1 h</th>
              </tr>
            </thead>
            <tbody>
              {items.map((r) => (
                <tr key={r.id} className={r.id === chosen ? "chosen" : ""}>
                  <td>{r.error ? <Level alarm="attention" word="Unreadable" /> : r.enabled ? <Level alarm={alarmOf(r.level)} word={r.level} /> : <span className="quiet">off</span>}</td>
                  <td>{r.title}</td>
                  <td className="far soft">{r.error ?? r.description}</td>
                  <td className="num">{whole(r.matches_1h)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
    </>
  );
}
