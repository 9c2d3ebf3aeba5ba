import { useSyncExternalStore } from "react";

export type ThemeChoice = "system" | "light" | "dark";

interface Theme {
  choice: ThemeChoice;
  shown: "light" | "dark";
}

const KEY = "weir.theme";
const listeners = new Set<() => void>();
let theme: Theme = { choice: "system", shown: "light" };

function wantsDark(): boolean {
  return typeof matchMedia === "function" && matchMedia("(prefers-color-scheme: dark)").matches;
}

function apply(choice: ThemeChoice): void {
  const root = document.documentElement;
  if (choice === "system") delete root.dataset["theme"];
  else root.dataset["theme"] = choice;
  theme = { choice, shown: choice === "system" ? (wantsDark() ? "dark" : "light") : choice };
  listeners.forEach((l) => l());
}

/** Reads the choice of last time and follows the system from now on. Call once, before the first drawing. */
export function startTheme(): void {
  let saved: string | null = null;
  try {
    saved = localStorage.getItem(KEY);
  } catch {
    // Storage is forbidden: the system's choice it is.
  }
  apply(saved === "light" || saved === "dark" ? saved : "system");
  if (typeof matchMedia === "function")
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => apply(theme.choice));
}

export function chooseTheme(choice: ThemeChoice): void {
  try {
    if (choice === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
  } catch {
    // It then lasts until the page is left.
  }
  apply(choice);
}

export function useTheme(): Theme {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => theme,
    () => theme,
  );
}
