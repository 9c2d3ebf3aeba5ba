import { useId, useState } from "react";
import { useTop } from "@/api/queries";
import { EVENT_TYPES, keyWords, typeWord } from "@/lib/events";
import { FIELD_WORDS, FILTER_FIELDS, type FilterField } from "@/lib/filters";
import { type Range, windowOf } from "@/lib/range";

/** Fields whose frequent values can be offered. */
const OFFERED = new Set<FilterField>(["user_id", "ip", "country", "asn", "path", "status", "email_domain", "source"]);
const FIXED: Partial<Record<FilterField, string[]>> = {
  type: EVENT_TYPES,
  outcome: ["success", "failure"],
  delivery: ["sent", "delivered", "deferred", "bounced", "complained"],
};

/** A field, a value, Enter. Frequent values of this stretch of time are offered. */
export function AddFilter({ range, add }: { range: Range; add: (field: FilterField, value: string) => void }) {
  const [name, setName] = useState<FilterField>("user_id");
  const [value, setValue] = useState("");
  const [touched, setTouched] = useState(false);
  const listId = useId();
  const window = windowOf(range);
  const top = useTop(
    { dimension: name, metric: "events", from: window.from, to: window.to, limit: 20 },
    false,
    touched && OFFERED.has(name),
  );
  const fixed = FIXED[name];
  return (
    <form
      className="add-filter"
      onSubmit={(e) => {
        e.preventDefault();
        const trimmed = value.trim();
        if (trimmed === "") return;
        add(name, name === "asn" ? trimmed.replace(/^as/i, "") : name === "country" ? trimmed.toUpperCase() : trimmed);
        setValue("");
      }}
    >
      <select
        className="field"
        aria-label="Filter by"
        value={name}
        onChange={(e) => {
          setName(e.target.value as FilterField);
          setValue("");
        }}
      >
        {FILTER_FIELDS.map((f) => (
          <option key={f} value={f}>
            {FIELD_WORDS[f]}
          </option>
        ))}
      </select>
      {fixed ? (
        <select
          className="field"
          aria-label={`Which ${FIELD_WORDS[name]}`}
          value=""
          onChange={(e) => {
            if (e.target.value !== "") add(name, e.target.value);
          }}
        >
          <option value="">choose</option>
          {fixed.map((v) => (
            <option key={v} value={v}>
              {name === "type" ? typeWord(v) : keyWords(name, v)}
            </option>
          ))}
        </select>
      ) : (
        <>
          <input
            className="field"
            aria-label={`Value of ${FIELD_WORDS[name]}`}
            placeholder="value, then Enter"
            list={listId}
            value={value}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            onFocus={() => setTouched(true)}
            onChange={(e) => setValue(e.target.value)}
          />
          <datalist id={listId}>
            {(top.data?.items ?? []).map((i) => (
              <option key={i.key} value={i.key}>
                {keyWords(name, i.key)}
              </option>
            ))}
          </datalist>
        </>
      )}
    </form>
  );
}
