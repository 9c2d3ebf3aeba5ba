import { render, type RenderResult } from "@testing-library/react";
import { onTestFinished, vi } from "vitest";
import { LiveFeed } from "@/api/live";
import { newQueryClient } from "@/api/queries";
import { App } from "@/app/App";
import { Double, type DoubleState } from "../../dev/double";

// A canvas is no text to test; the numbers behind it are in the charts' table and labels.
vi.mock("@/charts/plot", () => ({
  Y_AXIS_WIDTH: 56,
  Plot: class {
    set(): void {}
    resize(): void {}
    restyle(): void {}
    yOf(): number {
      return 0;
    }
    destroy(): void {}
  },
}));

export interface Opened extends RenderResult {
  double: Double;
  /** Every request so far, as "METHOD target". */
  asked: string[];
}

/** The whole page in front of the double, without a network. The live stream is refused, so that it asks instead. */
export function open(state: DoubleState, path = "/"): Opened {
  const double = new Double(state);
  const asked: string[] = [];
  vi.stubGlobal("fetch", (input: string, init: RequestInit = {}) => {
    const method = init.method ?? "GET";
    asked.push(`${method} ${input}`);
    const answer = input.startsWith("/api/v1/live") ? null : double.handle(method, input, typeof init.body === "string" ? init.body : "");
    if (!answer) return Promise.reject(new TypeError("Failed to fetch"));
    return Promise.resolve(
      new Response(JSON.stringify(answer.body), { status: answer.status, headers: { "Content-Type": answer.type ?? "application/json" } }),
    );
  });
  window.history.replaceState(null, "", path);
  const feed = new LiveFeed();
  feed.start();
  onTestFinished(() => feed.stop());
  const result = render(<App feed={feed} client={newQueryClient()} />);
  return {
    ...result,
    double,
    asked,
  };
}
