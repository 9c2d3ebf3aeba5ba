import { useEffect, useRef } from "react";

/** What a key does, as the list under `?` tells it. */
export interface KeyHelp {
  keys: string[];
  does: string;
}

export const KEYS: { title: string; items: KeyHelp[] }[] = [
  {
    title: "Go",
    items: [
      { keys: ["g", "h"], does: "Home" },
      { keys: ["g", "f"], does: "Findings" },
      { keys: ["g", "e"], does: "Explore" },
      { keys: ["g", "r"], does: "Rules" },
      { keys: ["g", "q"], does: "Data quality" },
      { keys: ["g", "p"], does: "Health of the parts" },
      { keys: ["g", "s"], does: "Simulation" },
    ],
  },
  {
    title: "Anywhere",
    items: [
      { keys: ["/"], does: "Search" },
      { keys: ["c"], does: "Copy the link to this view" },
      { keys: ["t"], does: "Light, dark or as the system" },
      { keys: ["?"], does: "This list" },
      { keys: ["Esc"], does: "Close, or go back" },
    ],
  },
  {
    title: "In a list",
    items: [
      { keys: ["j", "k"], does: "Next, previous" },
      { keys: ["Enter"], does: "Open" },
    ],
  },
  {
    title: "In a chart",
    items: [
      { keys: ["←", "→"], does: "Move through time" },
      { keys: ["Shift", "←", "→"], does: "Mark a stretch; Enter zooms to it" },
      { keys: ["Esc"], does: "Let go" },
    ],
  },
];

export const PLACES: Record<string, string> = {
  h: "/",
  f: "/findings",
  e: "/explore",
  r: "/rules",
  q: "/quality",
  p: "/health",
  s: "/simulation",
};

/** True while keys are text and not commands. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && !["checkbox", "radio", "button", "range"].includes(target.type))
  );
}

const G_WAITS_MS = 1200;

/**
 * Listens for single keys on the whole page. `commands` may be a new object at each drawing.
 * A key of a command that gets true from its handler, or nothing, is used up; false leaves it to others.
 */
export function useKeys(commands: Record<string, (event: KeyboardEvent) => boolean | undefined>, go?: (place: string) => void): void {
  const current = useRef({ commands, go });
  useEffect(() => {
    current.current = { commands, go };
  });
  useEffect(() => {
    let pressedG = 0;
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target)) return;
      const { commands: now, go: goNow } = current.current;
      if (goNow) {
        const place = PLACES[event.key];
        if (Date.now() - pressedG < G_WAITS_MS && place !== undefined) {
          pressedG = 0;
          event.preventDefault();
          goNow(place);
          return;
        }
        pressedG = event.key === "g" ? Date.now() : 0;
      }
      const command = Object.hasOwn(now, event.key) ? now[event.key] : undefined;
      if (command && command(event) !== false) event.preventDefault();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}
