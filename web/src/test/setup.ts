import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// Asking jsdom for the style of each of a thousand cells takes longer than all else; no test here looks for hidden things.
configure({ defaultHidden: true, asyncUtilTimeout: 6000 });

// jsdom draws nothing and measures nothing: what the page asks of a browser beyond that is stood in for here.
class NoResize {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
globalThis.ResizeObserver ??= NoResize;
Element.prototype.scrollIntoView = () => undefined;
window.scrollTo = () => undefined;
window.matchMedia = (query: string) =>
  ({ matches: false, media: query, addEventListener: () => undefined, removeEventListener: () => undefined }) as unknown as MediaQueryList;

afterEach(() => {
  cleanup();
  window.history.replaceState(null, "", "/");
  sessionStorage.clear();
  localStorage.clear();
});
