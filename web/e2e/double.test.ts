/** The built page in a real browser, in front of the double, under the strict headers that the program sends. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { DoubleState } from "../dev/double";
import { type Running, serve } from "../dev/serve";
import { DESK, launch, PHONE, sideways, watched } from "./browser";

let browser: Browser;
beforeAll(async () => {
  if (!existsSync(new URL("../dist/index.html", import.meta.url))) throw new Error("The page is not built: run `pnpm build` first.");
  browser = await launch();
});
afterAll(() => browser?.close());

async function stand(state: DoubleState): Promise<Running> {
  const running = await serve(state);
  onTestFinished(() => running.close());
  return running;
}

const PAGES = ["/", "/explore?range=15m", "/entity/user?id=lena.jonsson", "/quality", "/quality?list=rejects", "/health", "/simulation", "/findings", "/rules", "/nowhere"];

describe.each([
  ["a desk", DESK],
  ["a phone", PHONE],
] as const)("on %s", (_name, options) => {
  it.each(["normal", "attack", "findings", "empty", "young", "longname", "ill"] as const)("no page breaks, scrolls sideways or asks anybody else: %s", async (state) => {
    const running = await stand(state);
    const { page, complaints, outside } = await watched(browser, options);
    for (const path of PAGES) {
      await page.goto(running.url + path);
      await page.waitForSelector("h1");
      await page.waitForTimeout(350);
      expect(await sideways(page), `${path} scrolls sideways`).toBeLessThanOrEqual(0);
      const words = await page.innerText("body");
      expect(words, path).not.toMatch(/undefined|NaN|\[object|Something went wrong/);
    }
    expect(complaints).toEqual([]);
    expect(outside).toEqual([]);
    await page.context().close();
  });
});

it("fingers hit what they aim at: nothing to press on a phone is less than 44 px high", async () => {
  const running = await stand("findings");
  const { page } = await watched(browser, PHONE);
  for (const path of ["/", "/explore?range=15m&type=account.login", "/quality", "/quality?list=rejects", "/simulation"]) {
    await page.goto(running.url + path);
    await page.waitForTimeout(900);
    const small = await page.evaluate(() => {
      const found: string[] = [];
      for (const element of document.querySelectorAll<HTMLElement>("a, button, input, select")) {
        const box = element.getBoundingClientRect();
        if (box.width === 0 || box.height === 0 || getComputedStyle(element).visibility === "hidden" || getComputedStyle(element).pointerEvents === "none" || element.classList.contains("skip")) continue;
        // Words in a running sentence are as high as their line; what is around them is enlarged by ::before and ::after.
        const reach = ["::before", "::after"].map((p) => {
          const s = getComputedStyle(element, p);
          return s.position === "absolute" && s.content !== "none" ? -(parseFloat(s.top) || 0) - (parseFloat(s.bottom) || 0) : 0;
        });
        const height = box.height + Math.max(...reach);
        if (height < 43.5) found.push(`${element.tagName} ${element.className} “${(element.textContent ?? "").slice(0, 24)}” ${height}`);
      }
      return [...new Set(found)];
    });
    expect(small, path).toEqual([]);
  }
  await page.context().close();
});

it("says across the top when Weir falls silent, since when, and goes on by itself", async () => {
  const running = await stand("normal");
  const { page } = await watched(browser, DESK);
  await page.goto(running.url);
  await page.getByText(/^Normal\./).waitFor();
  running.double.state = "dead";
  await page.getByText(/Old numbers: Weir has not answered since \d\d:\d\d:\d\d UTC/).waitFor({ timeout: 15_000 });
  expect(await page.locator(".state h1").innerText()).toMatch(/^Unknown since/);
  // The other pages can still be opened, and explain themselves.
  await page.getByRole("link", { name: "Rules" }).click();
  await page.getByText("Weir did not answer when the page asked for the rules.").waitFor();
  running.double.state = "normal";
  await page.getByText(/Old numbers/).waitFor({ state: "detached", timeout: 15_000 });
  await page.context().close();
});

it("a list never moves under the pointer: it waits and counts", async () => {
  const running = await stand("normal");
  const { page } = await watched(browser, DESK);
  await page.goto(running.url);
  const first = page.locator(".events-table tbody tr:first-child td:first-child");
  await first.waitFor();
  const before = await first.innerText();
  await first.hover();
  const held = await first.innerText();
  await page.getByRole("button", { name: /new events?, show/ }).waitFor({ timeout: 10_000 });
  expect(await first.innerText()).toBe(held);
  await page.mouse.move(5, 5);
  await expect.poll(() => first.innerText(), { timeout: 8000 }).not.toBe(before);
  await page.context().close();
});

it("dragging over a chart zooms, and the URL holds the zoom", async () => {
  const running = await stand("attack");
  const { page } = await watched(browser, DESK);
  await page.goto(`${running.url}/?range=1h`);
  const area = page.locator(".stack-area");
  await area.scrollIntoViewIfNeeded();
  const box = await area.boundingBox();
  if (!box) throw new Error("no chart");
  await page.mouse.move(box.x + 300, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + 500, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await expect.poll(() => new URL(page.url()).searchParams.has("from")).toBe(true);
  const zoomed = new URL(page.url()).searchParams;
  const minutes = (Date.parse(zoomed.get("to") ?? "") - Date.parse(zoomed.get("from") ?? "")) / 60_000;
  expect(minutes).toBeGreaterThan(8);
  expect(minutes).toBeLessThan(25);
  await page.getByRole("button", { name: "Undo the zoom, back to now" }).click();
  await expect.poll(() => new URL(page.url()).searchParams.get("range")).toBe("1h");
  await page.context().close();
});

it("all can be reached by keyboard alone, and the focus is always visible", async () => {
  const running = await stand("normal");
  const { page } = await watched(browser, DESK);
  await page.goto(running.url);
  await page.locator(".events-table .event-open").first().waitFor();
  const seen = new Set<string>();
  for (let i = 0; i < 140; i++) {
    await page.keyboard.press("Tab");
    const [name, visible] = await page.evaluate(() => {
      const e = document.activeElement as HTMLElement | null;
      if (!e || e === document.body) return ["", true] as const;
      const s = getComputedStyle(e);
      return [`${e.tagName} ${e.getAttribute("aria-label") ?? e.textContent ?? ""}`.slice(0, 140), s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 1] as const;
    });
    if (name === "") break;
    expect(visible, `focus on ${name} cannot be seen`).toBe(true);
    seen.add(name);
  }
  const all = [...seen].join("\n");
  for (const expected of [/Home/, /Search accounts/, /Settings/, /Play the simulated attack/, /Failed logins/, /15 min|1 hour/, /move through time/, /AS64496/]) expect(all).toMatch(expected);
  await page.context().close();
});

it("has none of the faults that axe looks for", async () => {
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  const running = await stand("findings");
  for (const options of [DESK, PHONE]) {
    const { page } = await watched(browser, options);
    for (const path of ["/", "/explore?range=15m", "/entity/user?id=lena.jonsson", "/quality", "/quality?list=rejects", "/health", "/simulation", "/findings/f-stuffing", "/rules"]) {
      await page.goto(running.url + path);
      await page.waitForTimeout(900);
      await page.evaluate(axe);
      const found = await page.evaluate<string[]>(
        "axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 90)).slice(0, 3).join(' | ')))",
      );
      expect(found, path).toEqual([]);
    }
    await page.context().close();
  }
});

it("text is readable in light and dark: at least 4.5 to 1 on its ground", async () => {
  const running = await stand("findings");
  for (const colorScheme of ["light", "dark"] as const) {
    const { page } = await watched(browser, { ...DESK, colorScheme });
    for (const path of ["/", "/quality", "/quality?list=rejects", "/simulation", "/health", "/explore?range=15m&type=account.login"]) {
      await page.goto(running.url + path);
      await page.waitForTimeout(900);
      expect(await page.evaluate(faint), `${path} ${colorScheme}`).toEqual([]);
    }
    await page.context().close();
  }
});

/** Runs in the page: words whose colour is too near to that of the ground behind them. */
function faint(): string[] {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (!canvas) return ["no canvas"];
  const rgba = (colour: string): number[] => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (c: number[]) => {
    const [r = 0, g = 0, b = 0] = c.slice(0, 3).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found: string[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const words = (node.textContent ?? "").trim();
    if (!element || words === "" || element.closest("option, .sr, .skip, :disabled, noscript, script")) continue;
    const box = element.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) continue;
    let ground: number[] = [255, 255, 255, 255];
    for (let e: Element | null = element; e; e = e.parentElement) {
      const c = rgba(getComputedStyle(e).backgroundColor);
      if ((c[3] ?? 0) > 250) {
        ground = c;
        break;
      }
    }
    const a = light(rgba(getComputedStyle(element).color));
    const b = light(ground);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} “${words.slice(0, 30)}” ${element.className}`);
  }
  return [...new Set(found)];
}
