import { useEffect, useState } from "react";

/** Copies a text and says so in its own place. */
export function Copy({ text, label = "Copy", className = "text-button" }: { text: () => string; label?: string; className?: string }) {
  const [said, setSaid] = useState<string | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => setSaid(null), 2000);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <button
      type="button"
      className={className}
      onClick={() => {
        void copyText(text()).then((ok) => setSaid(ok ? "Copied" : "Could not copy"));
      }}
    >
      <span aria-live="polite">{said ?? label}</span>
    </button>
  );
}

/** False where the browser does not let the page write to the clipboard. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
