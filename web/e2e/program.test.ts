/**
 * The real program with the page built into it. In front of a running one (WEIR_URL), or of one that is started here on
 * free ports (WEIR_BIN; without it ../build/weir).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DESK, launch, PHONE, sideways, watched } from "./browser";

const given = process.env["WEIR_URL"];
const program = process.env["WEIR_BIN"] ?? fileURLToPath(new URL("../../build/weir", import.meta.url));

let browser: Browser;
let weir: { process: ChildProcess; folder: string; said: () => string } | undefined;
let address: string;

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const at = server.address();
      server.close(() => resolve(typeof at === "object" && at ? at.port : 0));
    });
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

beforeAll(async () => {
  if (given !== undefined) {
    address = given.replace(/\/$/, "");
  } else {
    if (!existsSync(program)) throw new Error(`There is no program at ${program}: build it (make build), or name it in WEIR_BIN, or a running one in WEIR_URL.`);
    const folder = mkdtempSync(join(tmpdir(), "weir-e2e-"));
    const [page, sql] = [await freePort(), await freePort()];
    address = `http://127.0.0.1:${page}`;
    const child = spawn(program, ["up", "--data-dir", join(folder, "data"), "--listen", `127.0.0.1:${page}`, "--sql-listen", `127.0.0.1:${sql}`, "--rate", "1000"], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ATTACK: "" },
    });
    let said = "";
    child.stdout.on("data", (d: Buffer) => (said = (said + d.toString()).slice(-4000)));
    child.stderr.on("data", (d: Buffer) => (said = (said + d.toString()).slice(-4000)));
    weir = { process: child, folder, said: () => said };
    const end = Date.now() + 60_000;
    while (!(await answers(`${address}/readyz`))) {
      if (child.exitCode !== null || Date.now() > end) throw new Error(`weir up did not become ready; it said:\n${said}`);
      await new Promise((r) => setTimeout(r, 100));
    }
  }
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  if (!weir) return;
  const { process: child, folder } = weir;
  const ended = new Promise((resolve) => child.on("exit", resolve));
  if (child.exitCode === null) {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
    await ended;
    clearTimeout(timer);
  }
  rmSync(folder, { recursive: true, force: true });
});

const accounted = async (page: Page) => Number((await page.locator(".trust").innerText()).match(/All ([\d,]+) events/)?.[1]?.replaceAll(",", "") ?? 0);
const tile = (page: Page, label: string) => page.locator(".tile", { has: page.locator(".tile-label", { hasText: new RegExp(`^${label}$`) }) });

it("opens, and its numbers move several times a second", async () => {
  const { page, complaints, outside } = await watched(browser, DESK);
  const begin = Date.now();
  await page.goto(address);
  await page.locator(".tile").first().waitFor({ timeout: 15_000 });
  expect(Date.now() - begin).toBeLessThan(10_000);
  // Something among the tiles differs from one look to the next.
  const looks = new Set<string>();
  for (let i = 0; i < 20; i++) {
    looks.add((await page.locator(".tiles").innerText()) + (await page.locator(".tiles .spark path").evaluateAll((p) => p.map((e) => e.getAttribute("d")).join())));
    await page.waitForTimeout(250);
  }
  expect(looks.size).toBeGreaterThanOrEqual(5);
  const before = await accounted(page);
  await expect.poll(() => accounted(page), { timeout: 10_000 }).toBeGreaterThan(before);
  await page.locator(".events-table .event-open").first().waitFor();
  expect(await page.locator(".trust").innerText()).toMatch(/Data arrived .* ago/);
  expect(complaints).toEqual([]);
  expect(outside).toEqual([]);
  await page.context().close();
});

it("the attack is flipped on, and within seconds the page says so; off, and it calms down", async () => {
  const { page, complaints } = await watched(browser, DESK);
  await page.goto(`${address}/?range=15m`);
  await page.locator(".tile").first().waitFor();
  // What is usual is learnt in the first minute.
  await expect.poll(() => page.locator(".state").getAttribute("class"), { timeout: 80_000, interval: 500 }).toMatch(/normal/);
  await expect.poll(() => tile(page, "Failed logins").innerText(), { timeout: 80_000, interval: 500 }).not.toMatch(/learning/);

  const toggle = page.getByRole("switch", { name: "Play the simulated attack" });
  await page.getByLabel("Which attack").selectOption("credential_stuffing");
  const began = Date.now();
  await toggle.click();
  await page.getByRole("switch", { name: "Stop the simulated attack" }).waitFor();
  await expect.poll(() => page.locator(".state").getAttribute("class"), { timeout: 20_000, interval: 100 }).toMatch(/elevated|attack/);
  console.log(`the page said so ${((Date.now() - began) / 1000).toFixed(1)} s after the switch: ${await page.locator(".state h1").innerText()}`);
  expect(await page.locator(".state h1").innerText()).toMatch(/login/i);
  await expect.poll(() => tile(page, "Failed logins").innerText(), { timeout: 30_000, interval: 250 }).toMatch(/\d× usual/);
  expect(await page.title()).toMatch(/^(Attack|Elevated) · /);

  await page.getByRole("switch", { name: "Stop the simulated attack" }).click();
  await expect.poll(() => page.locator(".state").getAttribute("class"), { timeout: 60_000, interval: 500 }).toMatch(/normal/);
  expect(complaints).toEqual([]);
  await page.context().close();
}, 240_000);

it("a number leads to its events, an event to its fields, a name to its entity", async () => {
  const { page, complaints } = await watched(browser, DESK);
  await page.goto(address);
  await tile(page, "New accounts").click();
  await page.waitForURL(/\/explore\?.*type=account\.signup/);
  const row = page.locator(".events-table .event-open").first();
  await row.waitFor();
  expect(await row.innerText()).toContain("New account");
  await row.click();
  await page.getByRole("dialog").getByText("As it came").waitFor();
  expect(await page.getByRole("dialog").locator(".raw").innerText()).toContain('"account.signup"');
  await page.keyboard.press("Escape");
  const name = page.locator(".events-table .c-account a").first();
  const id = await name.innerText();
  await name.click();
  await page.waitForURL(/\/entity\/user\?id=/);
  // A link to it works, also for a name that looks like a file.
  await page.reload();
  await page.getByRole("heading", { level: 1, name: id }).waitFor();
  await page.locator(".events-table .event-open").first().waitFor();
  expect((await page.goto(`${address}/entity/user/lena.jonsson`))?.status()).toBe(200);
  await page.getByRole("heading", { level: 1, name: /lena\.jonsson/ }).waitFor();
  expect((await page.request.get(`${address}/assets/nothing.js`)).status()).toBe(404);
  expect(complaints).toEqual([]);
  await page.context().close();
});

it.each([
  ["a desk", DESK],
  ["a phone", PHONE],
] as const)("every page shows itself on %s, with nothing refused by its policy", async (_name, options) => {
  const { page, complaints, outside } = await watched(browser, options);
  for (const [path, words] of [
    ["/", /./],
    ["/explore?range=15m", /events?/],
    ["/quality", /accounted for/],
    ["/health", /parts/],
    ["/simulation", /Credential stuffing/],
    ["/findings", /finding/i],
    ["/rules", /rule/i],
  ] as const) {
    await page.goto(address + path);
    await page.waitForTimeout(1500);
    const text = await page.locator("main").innerText();
    expect(text, path).toMatch(words);
    expect(text, path).not.toMatch(/undefined|NaN|\[object|Weir did not answer|could not be drawn/);
    expect(await sideways(page), `${path} scrolls sideways`).toBeLessThanOrEqual(0);
  }
  expect(complaints).toEqual([]);
  expect(outside).toEqual([]);
  await page.context().close();
});
