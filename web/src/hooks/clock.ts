import { useState, useSyncExternalStore } from "react";
import { serverNow } from "@/api/client";

// One second hand for the whole page; it stands still while the tab is hidden.
let now = serverNow();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  if (typeof document !== "undefined" && document.hidden) return;
  now = serverNow();
  listeners.forEach((l) => l());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    timer = setInterval(tick, 1000);
    document.addEventListener("visibilitychange", tick);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
      document.removeEventListener("visibilitychange", tick);
    }
  };
}

/** The time at the server, in ms, once a second, or less often: what shows it is drawn again only then. */
export function useNow(everyMs = 1): number {
  const read = () => (everyMs <= 1000 ? now : Math.floor(now / everyMs) * everyMs);
  return useSyncExternalStore(subscribe, read, read);
}

/** When today began (UTC). */
export function useToday(): number {
  return useNow(86_400_000);
}

/** A value that moves too often to be followed: as it was when the second began, or when `urgent` last changed. */
export function useEachSecond<T>(value: T, urgent: unknown): T {
  const second = useNow();
  const [shown, setShown] = useState({ second, urgent, value });
  if (shown.second === second && shown.urgent === urgent) return shown.value;
  setShown({ second, urgent, value });
  return value;
}
