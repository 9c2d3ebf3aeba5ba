import * as Dialog from "@radix-ui/react-dialog";
import { type ReactNode, useEffect } from "react";

/**
 * Something laid over the page: a dialog in the middle, or a panel at the side. Holds the focus, closes on Esc and
 * gives the focus back.
 *
 * Radix's own Overlay is left out on purpose: it brings a library that writes a <style> element, which the page's
 * Content-Security-Policy forbids. The page is held still with a class instead.
 */
export function Sheet(props: {
  open: boolean;
  onClose: () => void;
  title: string;
  /** Shown instead of `title` as the heading. */
  heading?: ReactNode;
  side?: boolean;
  /** The page beside it stays alive. */
  beside?: boolean;
  children: ReactNode;
}) {
  const { open, onClose, title, heading, side = false, beside = false, children } = props;
  useEffect(() => {
    if (!open || beside) return;
    document.documentElement.classList.add("held");
    return () => document.documentElement.classList.remove("held");
  }, [open, beside]);
  return (
    <Dialog.Root
      open={open}
      modal={!beside}
      onOpenChange={(now) => {
        if (!now) onClose();
      }}
    >
      <Dialog.Portal>
        {!beside && <div className="shade" aria-hidden="true" />}
        <Dialog.Content
          className={side ? "sheet side" : "sheet"}
          aria-describedby={undefined}
          onInteractOutside={(e) => {
            if (beside) e.preventDefault();
          }}
          onOpenAutoFocus={(e) => {
            if (beside) e.preventDefault();
          }}
        >
          <div className="sheet-head">
            <Dialog.Title asChild>
              <h2>{heading ?? title}</h2>
            </Dialog.Title>
            <Dialog.Close className="text-button">
              Close{" "}
              <kbd className="only-desk" aria-hidden="true">
                Esc
              </kbd>
            </Dialog.Close>
          </div>
          <div className="sheet-body">{children}</div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
