import { useState } from "react";

/**
 * Keeps a live list still while somebody points at it, has the focus in it, or reads one of its rows.
 * @returns what to show, whether it is held back, and handlers for the element around the list.
 */
export function useHeld<T>(fresh: T, alsoHeld: boolean) {
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  const [shown, setShown] = useState(fresh);
  const held = pointed || focused || alsoHeld;
  if (!held && shown !== fresh) setShown(fresh);
  return {
    shown: held ? shown : fresh,
    held,
    /** Shows the newest although it is held. */
    catchUp: () => setShown(fresh),
    handlers: {
      onPointerEnter: (e: React.PointerEvent) => {
        if (e.pointerType !== "touch") setPointed(true);
      },
      onPointerLeave: () => setPointed(false),
      onFocus: (e: React.FocusEvent) => {
        // Only the keyboard's focus: after a click elsewhere the list may go on.
        if ((e.target).matches(":focus-visible")) setFocused(true);
      },
      onBlur: (e: React.FocusEvent) => {
        if (!e.currentTarget.contains(e.relatedTarget)) setFocused(false);
      },
    },
  };
}
