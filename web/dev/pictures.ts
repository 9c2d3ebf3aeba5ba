/**
 * Takes pictures of every page in its states, to look at.
 *   pnpm build && pnpm pictures OUTPUT_FOLDER [name-part…]
 * Reports what the browser complained about (errors, refused content), and what scrolls sideways.
 */
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";
import type { DoubleState } from "./double";
import { serve } from "./serve";

const [folder = "pictures", ...only] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

interface Shot {
  state: DoubleState;
  path: string;
  name: string;
  then?: "dies";
  act?: (page: import("playwright-core").Page) => Promise<void>;
}

const shots: Shot[] = [
  { state: "normal", path: "/", name: "home-normal" },
  { state: "attack", path: "/", name: "home-attack" },
  { state: "attack", path: "/?range=1h", name: "home-attack-hover", act: async (p) => { const b = await p.locator(".stack-area").boundingBox(); if (b) await p.mouse.move(b.x + b.width * 0.7, b.y + 60); } },
  { state: "findings", path: "/", name: "home-findings" },
  { state: "elevated", path: "/?range=15m", name: "home-elevated" },
  { state: "empty", path: "/", name: "home-empty" },
  { state: "one", path: "/", name: "home-one" },
  { state: "young", path: "/", name: "home-young" },
  { state: "longname", path: "/", name: "home-longname" },
  { state: "normal", path: "/", name: "home-dead", then: "dies" },
  { state: "dead", path: "/", name: "home-never" },
  { state: "refused", path: "/", name: "home-refused" },
  { state: "attack", path: "/explore?type=account.login&outcome=failure&range=1h", name: "explore" },
  { state: "attack", path: "/explore?ip=203.0.113.47&type=account.login&range=15m", name: "explore-ip" },
  { state: "normal", path: "/explore?range=15m", name: "explore-event", act: async (p) => { await p.locator(".event-open").nth(3).click(); } },
  { state: "longname", path: "/explore", name: "explore-longname" },
  { state: "empty", path: "/explore", name: "explore-empty" },
  { state: "normal", path: "/entity/user?id=lena.jonsson", name: "entity" },
  { state: "longname", path: `/entity/user?id=${"wolfeschlegelsteinhausenbergerdorff.".repeat(6).slice(0, 200)}`, name: "entity-longname" },
  { state: "normal", path: "/quality", name: "quality" },
  { state: "normal", path: "/quality?list=rejects", name: "quality-rejects", act: async (p) => { await p.waitForSelector(".reject-list li"); } },
  { state: "ill", path: "/quality", name: "quality-ill" },
  { state: "empty", path: "/quality", name: "quality-empty" },
  { state: "normal", path: "/health", name: "health" },
  { state: "ill", path: "/health", name: "health-ill" },
  { state: "normal", path: "/simulation", name: "simulation" },
  { state: "attack", path: "/simulation", name: "simulation-attack" },
  { state: "normal", path: "/findings", name: "findings-empty" },
  { state: "findings", path: "/findings/f-stuffing", name: "finding" },
  { state: "normal", path: "/rules", name: "rules" },
  { state: "normal", path: "/", name: "search", act: async (p) => { await p.keyboard.press("/"); await p.keyboard.type("jon"); await p.waitForSelector(".search-hit"); await p.keyboard.press("ArrowDown"); await p.waitForTimeout(400); } },
  { state: "normal", path: "/", name: "settings", act: async (p) => { await p.keyboard.press("?"); await p.waitForTimeout(300); } },
];

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
});
let complaints = 0;
for (const shot of shots) {
  if (only.length > 0 && !only.some((part) => shot.name.startsWith(part))) continue;
  for (const [look, width, dark] of [["light", 1440, false], ["dark", 1440, true], ["phone", 390, false]] as const) {
    if (only.length > 0 && only.some((o) => ["light", "dark", "phone"].includes(o)) && !only.includes(look)) continue;
    const running = await serve(shot.state);
    const page = await browser.newPage({ viewport: { width, height: width < 800 ? 844 : 900 }, colorScheme: dark ? "dark" : "light", hasTouch: width < 800, isMobile: width < 800 });
    page.on("console", (m) => {
      const expected = ["dead", "refused"].includes(shot.state) || shot.then === "dies" || /404/.test(m.text());
      if ((m.type() === "error" || m.type() === "warning") && !expected) {
        complaints++;
        console.log(`${shot.name} ${look}: ${m.text()}`);
      }
    });
    page.on("pageerror", (e) => {
      complaints++;
      console.log(`${shot.name} ${look}: ${e.message}`);
    });
    if (shot.state === "dead") running.double.state = "normal";
    await page.goto(running.url + shot.path, { waitUntil: "domcontentloaded" });
    if (shot.state === "dead") running.double.state = "dead";
    await page.waitForTimeout(2200);
    if (shot.then === "dies") {
      running.double.state = "dead";
      await page.waitForTimeout(9000);
    }
    if (shot.act) await shot.act(page).catch((e: unknown) => console.log(`${shot.name} ${look}: ${String(e)}`));
    await page.waitForTimeout(300);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (overflow > 0) {
      complaints++;
      console.log(`${shot.name} ${look}: scrolls sideways by ${overflow} px`);
    }
    await page.screenshot({ path: `${folder}/${shot.name}-${look}.png`, fullPage: shot.act === undefined });
    await page.close();
    await running.close();
  }
}
await browser.close();
console.log(complaints === 0 ? "Nothing to complain about." : `${complaints} complaints.`);
