import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useSearchAnswer } from "@/api/queries";
import type { SearchHit } from "@/api/types";
import { isEntityKind, KIND_WORDS } from "@/lib/events";
import { isFilterField } from "@/lib/filters";
import { ago } from "@/lib/format";
import { entityLink, exploreLink, findingLink } from "@/lib/links";
import { explain } from "@/api/problem";
import { useNow } from "@/hooks/clock";
import { Highlight } from "@/parts/Highlight";

export interface Choice {
  id: string;
  group: string;
  title: string;
  hit: SearchHit | null;
  note: string;
  href: string;
}

const GROUP_ORDER = ["user", "ip", "finding", "rule", "email_domain", "device", "asn", "country", "event"];
const DEBOUNCE_MS = 90;

/** Search as you type; a list under the field, grouped by kind. `/` brings the focus here. */
export function SearchBox({ inputRef }: { inputRef: React.RefObject<HTMLInputElement | null> }) {
  const [, go] = useLocation();
  const [text, setText] = useState("");
  const [asked, setAsked] = useState("");
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const listId = useId();
  const now = useNow(open ? 1000 : 86_400_000);
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const timer = setTimeout(() => setAsked(text.trim()), DEBOUNCE_MS);
    return () => clearTimeout(timer);
  }, [text]);

  const answer = useSearchAnswer(asked, null, 20);
  const choices = useMemo(() => choicesOf(asked, answer.data?.hits ?? []), [asked, answer.data]);
  const shown = open && text.trim() !== "";
  const current = active >= 0 && active < choices.length ? choices[active] : undefined;

  const leave = () => {
    setOpen(false);
    setActive(-1);
  };
  const follow = (choice: Choice) => {
    leave();
    setText("");
    inputRef.current?.blur();
    go(choice.href);
  };
  const key = (event: KeyboardEvent) => {
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp": {
        event.preventDefault();
        setOpen(true);
        const step = event.key === "ArrowDown" ? 1 : -1;
        if (choices.length > 0) setActive((a) => (a < 0 ? (step > 0 ? 0 : choices.length - 1) : (a + step + choices.length) % choices.length));
        break;
      }
      case "Home":
      case "End":
        if (current) {
          event.preventDefault();
          setActive(event.key === "Home" ? 0 : choices.length - 1);
        }
        break;
      case "Enter": {
        const target = current ?? choices[0];
        // Until the answer for what stands in the field is there, Enter would open the wrong thing.
        if (target && asked === text.trim()) {
          event.preventDefault();
          follow(target);
        }
        break;
      }
      case "Escape":
        event.preventDefault();
        if (shown) leave();
        else {
          setText("");
          inputRef.current?.blur();
        }
        break;
    }
  };

  const groups = groupsOf(choices);
  return (
    <div
      className="search"
      ref={box}
      role="search"
      onBlur={(e) => {
        if (!box.current?.contains(e.relatedTarget)) leave();
      }}
    >
      <input
        ref={inputRef}
        className="search-field"
        type="text"
        inputMode="search"
        enterKeyHint="search"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        role="combobox"
        aria-label="Search accounts, addresses, events"
        aria-expanded={shown}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={current ? `${listId}-${current.id}` : undefined}
        placeholder="Search accounts, addresses, events"
        value={text}
        maxLength={400}
        onChange={(e) => {
          setText(e.target.value);
          setOpen(true);
          setActive(-1);
        }}
        onFocus={() => setOpen(true)}
        onKeyDown={key}
      />
      <kbd className="only-desk" aria-hidden="true">
        /
      </kbd>
      {shown && (
        <div className="search-list">
          <div id={listId} role="listbox" aria-label="Found">
            {groups.map(([group, items]) => (
              <div key={group} role="group" aria-label={group} className="search-group">
                <div className="quiet search-kind" aria-hidden="true">
                  {group}
                </div>
                <div>
                  {items.map((choice) => (
                    // The keyboard moves through the field above (aria-activedescendant); this is the pointer's way.
                    // eslint-disable-next-line jsx-a11y/click-events-have-key-events
                    <div
                      key={choice.id}
                      id={`${listId}-${choice.id}`}
                      role="option"
                      tabIndex={-1}
                      aria-selected={choice === current}
                      className="search-hit"
                      onMouseDown={(e) => e.preventDefault()}
                      onClick={() => follow(choice)}
                    >
                      <span className="cut">
                        {choice.hit ? (
                          <Highlight text={choice.title} ranges={rangesOf(choice.hit, "title")} />
                        ) : (
                          choice.title
                        )}
                        {choice.note !== "" && (
                          <span className="quiet">
                            {"  "}
                            {choice.hit ? <Highlight text={choice.note} ranges={rangesOf(choice.hit, "snippet")} /> : choice.note}
                          </span>
                        )}
                      </span>
                      {choice.hit?.time != null && <span className="quiet nowrap">{ago(Date.parse(choice.hit.time), now)}</span>}
                    </div>
                  ))}
                </div>
              </div>
            ))}
          </div>
          <p className="search-foot quiet" role="status">
            {answer.isError
              ? explain(answer.error, "what you search for").happened
              : answer.isPending || asked !== text.trim()
                ? "Searching"
                : (answer.data?.hits.length ?? 0) === 0
                  ? `Nothing is called “${asked}”. Parts of names and small slips are found too.`
                  : `${answer.data?.hits.length ?? 0} found in ${answer.data?.took_ms ?? 0} ms. Enter opens, the arrow keys move.`}
          </p>
        </div>
      )}
    </div>
  );
}

function groupsOf(choices: Choice[]): [string, Choice[]][] {
  const groups = new Map<string, Choice[]>();
  for (const choice of choices) groups.set(choice.group, [...(groups.get(choice.group) ?? []), choice]);
  return [...groups];
}

function rangesOf(hit: SearchHit, name: string): [number, number][] {
  return hit.highlights.filter((h) => h.field === name).flatMap((h) => h.ranges);
}

/** Hits in the order in which they are shown, and last a way to the events for a text that looks like a filter. */
export function choicesOf(asked: string, hits: readonly SearchHit[]): Choice[] {
  if (asked === "") return [];
  const choices: Choice[] = hits.map((hit, i) => ({
    id: String(i),
    group: groupWord(hit.kind),
    title: hit.title === "" ? hit.id : hit.title,
    hit,
    note: hit.snippet ?? "",
    href: hrefOf(hit),
  }));
  choices.sort((a, b) => rank(a.hit?.kind) - rank(b.hit?.kind));
  const colon = asked.indexOf(":");
  const name = asked.slice(0, Math.max(colon, 0));
  const value = asked.slice(colon + 1).trim();
  if (colon > 0 && value !== "" && isFilterField(name))
    choices.push({ id: "filter", group: "Events", title: `All events with ${name} ${value}`, hit: null, note: "", href: exploreLink({ [name]: [value] }) });
  else if (/^[0-9a-f.:]{3,}$/i.test(asked) && /[.:]/.test(asked))
    choices.push({ id: "filter", group: "Events", title: `All events from ${asked}`, hit: null, note: "", href: exploreLink({ ip: [asked] }) });
  else
    choices.push({ id: "filter", group: "Events", title: `All events of the account ${asked}`, hit: null, note: "", href: exploreLink({ user_id: [asked] }) });
  return choices;
}

function rank(kind: string | undefined): number {
  const at = GROUP_ORDER.indexOf(kind ?? "event");
  return at < 0 ? GROUP_ORDER.length : at;
}

function groupWord(kind: string): string {
  if (isEntityKind(kind)) return KIND_WORDS[kind].many;
  return { finding: "Findings", rule: "Rules", event: "Events" }[kind] ?? kind;
}

function hrefOf(hit: SearchHit): string {
  if (isEntityKind(hit.kind)) return entityLink(hit.kind, hit.id);
  if (hit.kind === "finding") return findingLink(hit.id);
  if (hit.kind === "rule") return `/rules?rule=${encodeURIComponent(hit.id)}`;
  return eventHref(hit.id);
}

/** An event's search id is its identity: the source, a separator, the id. */
function eventHref(id: string): string {
  const cut = /[ \n|]/.exec(id);
  if (!cut) return exploreLink({ id: [id] });
  return exploreLink({ source: [id.slice(0, cut.index)], id: [id.slice(cut.index + 1)] });
}

