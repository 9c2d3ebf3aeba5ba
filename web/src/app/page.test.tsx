import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { open } from "@/test/page";

const plain = (s: string | null | undefined) => (s ?? "").replaceAll("\u00a0", " ");

describe("Home", () => {
  it("says in its largest words that all is normal, with no alarm anywhere", async () => {
    const { container } = open("normal");
    const state = await screen.findByRole("heading", { level: 1, name: /^Normal\. [\d,]+ events a second/ });
    expect(state).toBeTruthy();
    expect(container.querySelector(".attack, .elevated, .attention, .off")).toBeNull();
    expect(screen.getByText(/^None\. To see what an attack does/)).toBeTruthy();
    const failed = await screen.findByRole("link", { name: /^Failed logins\s*\d+\s*a minute\s*as usual/i });
    expect(failed.getAttribute("href")).toBe("/explore?range=15m&type=account.login&outcome=failure");
  });

  it("is unmistakable in an attack: the band, the tile in words, what the events share", async () => {
    const { container } = open("attack");
    await screen.findByRole("heading", { level: 1, name: /^Failed logins are \d\.\d× usual since \d\d:\d\d: \d+ a minute instead of 24\.$/ });
    expect(container.querySelector(".state.attack")).toBeTruthy();
    expect(screen.getByText(/^Also unusual: logins that fail\. What changed, below/)).toBeTruthy();
    expect(plain(container.querySelector(".tile.off")?.textContent)).toMatch(/Failed logins.*\d\.\d× usual \(24\)/);
    expect(await screen.findAllByRole("link", { name: "AS64500" })).toBeTruthy();
    expect(await screen.findAllByText(/was 0\.\d+/)).not.toHaveLength(0);
  });

  it("tells the worst finding once, and the others below it", async () => {
    open("findings");
    const state = await screen.findByRole("heading", { level: 1 });
    await waitFor(() => expect(state.textContent).toContain("6 accounts were entered"));
    expect(within(state).getByRole("link").getAttribute("href")).toBe("/findings/f-stuffing");
    expect(screen.getByText("Also open")).toBeTruthy();
    expect(screen.getAllByText(/nobody yet|Ana Duarte/)).toHaveLength(2);
    expect(screen.getByRole("button", { name: "Copy the 6 names" })).toBeTruthy();
  });

  it("teaches when the database is empty", async () => {
    open("empty");
    expect(await screen.findByText("No event has arrived yet.")).toBeTruthy();
    expect(screen.getAllByText("no data yet").length).toBeGreaterThan(4);
    expect(await screen.findByText("No events yet")).toBeTruthy();
  });

  it("compares nothing while there is no past, and says since when it has data", async () => {
    const { container } = open("young");
    await screen.findByRole("heading", { level: 1, name: /^Normal so far\./ });
    expect(await screen.findByText(/^data since \d\d:\d\d$/)).toBeTruthy();
    expect(await screen.findByText(/Weir has data since \d\d:\d\d: too little to compare with/)).toBeTruthy();
    expect((await screen.findAllByText("Networks")).length).toBe(1);
    expect(container.textContent).not.toMatch(/was none|was \d|× usual|hour before/);
  });

  it("accounts for a single event", async () => {
    open("one");
    expect(await screen.findByText("The one event is accounted for")).toBeTruthy();
    expect(await screen.findByRole("button", { name: /Login succeeded/ })).toBeTruthy();
  });

  it("never shows a raw error when Weir does not answer", async () => {
    const { container } = open("dead");
    expect(await screen.findByRole("alert", {}, { timeout: 5000 })).toBeTruthy();
    await waitFor(() => expect(container.textContent).toContain("Weir does not answer"), { timeout: 5000 });
    expect(container.textContent).not.toMatch(/TypeError|undefined|NaN|Failed to fetch|Something went wrong|\[object/);
  });

  it("asks for a token in words, and takes one", async () => {
    const { double } = open("refused");
    expect(await screen.findByText("This Weir asks for a token.")).toBeTruthy();
    const user = userEvent.setup();
    await user.keyboard("?");
    double.state = "normal";
    await user.type(await screen.findByLabelText("Token"), "abc");
    await user.click(screen.getByRole("button", { name: "Use it" }));
    await waitFor(() => expect(screen.queryByText("This Weir asks for a token.")).toBeNull(), { timeout: 4000 });
  });

  it("plays the attack from its first screen and stops it again", async () => {
    const { double, asked } = open("normal");
    const user = userEvent.setup();
    await user.click(await screen.findByRole("switch", { name: "Play the simulated attack" }));
    await screen.findByRole("switch", { name: "Stop the simulated attack" });
    expect(asked).toContain("PUT /api/v1/simulation");
    expect(double.handle("GET", "/api/v1/simulation", "")?.body).toMatchObject({ attack: "credential_stuffing" });
    await user.click(screen.getByRole("switch"));
    await waitFor(() => expect(double.handle("GET", "/api/v1/simulation", "")?.body).toMatchObject({ attack: null }));
  });
});

describe("keys", () => {
  it("go places, also right after each other", async () => {
    open("normal");
    const user = userEvent.setup();
    await user.keyboard("gq");
    expect(await screen.findByRole("heading", { level: 1, name: /events are accounted for/ })).toBeTruthy();
    await user.keyboard("gp");
    expect(await screen.findByRole("heading", { level: 1, name: "All 5 parts are healthy." })).toBeTruthy();
    await user.keyboard("gs");
    expect(await screen.findByRole("heading", { level: 1, name: /Simulated traffic/ })).toBeTruthy();
    await user.keyboard("gh");
    expect(await screen.findByRole("heading", { level: 1, name: /^Normal/ })).toBeTruthy();
  });

  it("are text while somebody types", async () => {
    open("normal");
    const user = userEvent.setup();
    await user.keyboard("/");
    const field = screen.getByRole("combobox", { name: /Search/ });
    expect(document.activeElement).toBe(field);
    await user.keyboard("gq?");
    expect(location.pathname).toBe("/");
    expect((field as HTMLInputElement).value).toBe("gq?");
  });

  it("are listed under ?", async () => {
    open("normal");
    const user = userEvent.setup();
    await user.keyboard("?");
    const dialog = await screen.findByRole("dialog", { name: "Settings and keys" });
    expect(within(dialog).getByText("Copy the link to this view")).toBeTruthy();
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });
});

describe("search", () => {
  it("groups what it finds, moves by arrows and opens by Enter", async () => {
    open("normal");
    const user = userEvent.setup();
    await user.keyboard("/");
    await user.keyboard("jon");
    const list = await screen.findByRole("listbox", { name: "Found" });
    const accounts = await within(list).findByRole("group", { name: "Accounts" });
    expect(within(accounts).getAllByRole("option")).toHaveLength(1);
    expect(accounts.querySelector("mark")?.textContent).toBe("jon");
    await user.keyboard("{ArrowDown}");
    const field = screen.getByRole("combobox", { name: /Search/ });
    expect(document.getElementById(field.getAttribute("aria-activedescendant") ?? "")?.getAttribute("aria-selected")).toBe("true");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(location.pathname + location.search).toBe("/entity/user?id=lena.jonsson"));
  });

  it("says when nothing is found, and still offers the events", async () => {
    open("normal");
    const user = userEvent.setup();
    await user.keyboard("/");
    await user.keyboard("zzz");
    expect(await screen.findByText(/Nothing is called “zzz”/)).toBeTruthy();
    expect(screen.getByRole("option", { name: "All events of the account zzz" })).toBeTruthy();
  });
});

describe("Explore", () => {
  it("shows what the URL says, and takes filters away", async () => {
    const { asked } = open("attack", "/explore?type=account.login&outcome=failure&range=15m");
    const user = userEvent.setup();
    expect((await screen.findAllByRole("button", { name: /Login failed/ })).length).toBeGreaterThan(20);
    expect(asked.some((a) => a.startsWith("GET /api/v1/events?type=account.login&outcome=failure&from=now-15m"))).toBe(true);
    expect(asked.some((a) => a.startsWith("GET /api/v1/series?metric=login_failures&from=now-15m&to=now&step=10s"))).toBe(true);
    await user.click(screen.getByRole("button", { name: "Remove the filter outcome failure" }));
    await waitFor(() => expect(location.search).toBe("?range=15m&type=account.login"));
  });

  it("adds a filter by keyboard alone", async () => {
    open("normal", "/explore?range=15m");
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("Value of account"), "lena.jonsson{Enter}");
    await waitFor(() => expect(new URLSearchParams(location.search).get("user_id")).toBe("lena.jonsson"));
  });

  it("opens an event beside the list, moves with j, and holds it in the URL", async () => {
    open("normal", "/explore?range=15m");
    const user = userEvent.setup();
    const rows = await screen.findAllByRole("button", { name: /succeeded|200|404|delivered|sent|New account|Logout|Password/ });
    await user.click(rows[0] as HTMLElement);
    const panel = await screen.findByRole("dialog");
    expect(within(panel).getByText(/"specversion": "1.0"/)).toBeTruthy();
    const first = new URLSearchParams(location.search).get("event");
    expect(first).toMatch(/sim-1-\d+$/);
    await user.keyboard("j");
    await waitFor(() => expect(new URLSearchParams(location.search).get("event")).not.toBe(first));
    await user.keyboard("{Escape}");
    await waitFor(() => expect(new URLSearchParams(location.search).get("event")).toBeNull());
  });

  it("reads on from where the first page ended", async () => {
    open("normal", "/explore?range=15m");
    const user = userEvent.setup();
    await screen.findByRole("heading", { name: "100 events, there are more".replace(" ", "\u00a0") });
    await user.click(screen.getByRole("button", { name: "Show 100 more" }));
    await screen.findByRole("heading", { name: "200 events, there are more".replace(" ", "\u00a0") });
    const keys = [...document.querySelectorAll(".events-table tbody tr td:first-child")].map((td) => td.textContent);
    expect(new Set(keys).size).toBe(200);
  });
});

describe("other pages", () => {
  it("Data quality adds up, and shows the newest reject as it came", async () => {
    open("normal", "/quality");
    const total = await screen.findByText(/^= [\d,]+$/);
    const n = (s: string | null | undefined) => Number((s ?? "").replace(/\D/g, ""));
    const parts = [...document.querySelectorAll(".sum tr:not(.total) td:nth-child(2)")].map((td) => n(td.textContent));
    expect(parts.reduce((a, b) => a + b)).toBe(n(total.textContent));
    expect(await screen.findByText(/“account.signup needs data.email; it is there but empty.”/)).toBeTruthy();
    expect(document.querySelector(".raw mark")?.textContent).toBe('"email":""');
  });

  it("Data quality shows all rejects of a group, and the commands for them", async () => {
    const { asked } = open("normal", "/quality");
    const user = userEvent.setup();
    await user.click(await screen.findByRole("button", { name: "Not readable as JSON" }));
    await user.click(await screen.findByRole("button", { name: /^See all 4,915, and how to send them again/ }));
    const sheet = await screen.findByRole("dialog", { name: "Not readable as JSON" });
    expect([...sheet.querySelectorAll(".command code")].map((code) => code.textContent)).toEqual([
      "weir rejects export --reason=malformed_json --field='' --source='' > rejects.ndjson",
      "weir rejects replay --reason=malformed_json --field='' --source=''",
    ]);
    expect(await within(sheet).findAllByLabelText("The event as it came")).toHaveLength(20);
    expect(within(sheet).getByText("partition 0, offset 90000")).toBeTruthy();
    // What would turn the text around, or cannot be seen, shows as its number.
    expect(within(sheet).getAllByLabelText("The event as it came")[0]?.textContent).toContain('"id":"\\u{202e}\\u{0}x');
    await user.click(within(sheet).getByRole("button", { name: "Show older ones" }));
    expect(await within(sheet).findByText("partition 0, offset 89940")).toBeTruthy();
    expect(asked.filter((a) => a.includes("cursor=20"))).toEqual(["GET /api/v1/rejects?reason=malformed_json&field=&source=&limit=20&cursor=20"]);
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("Data quality says what does not balance", async () => {
    open("ill", "/quality");
    expect(await screen.findByText(/The count of events does not balance/)).toBeTruthy();
    expect(await screen.findByText("The ledger does not balance")).toBeTruthy();
  });

  it("Health names the part that is ill, and what to do", async () => {
    open("ill", "/health");
    expect(await screen.findByRole("heading", { level: 1, name: "Index is not well." })).toBeTruthy();
    expect(screen.getByText(/no space left on device/)).toBeTruthy();
    expect(screen.getByText(/Search finds less or nothing; everything else works/)).toBeTruthy();
  });

  it("Simulation explains each scenario, and takes back what is refused", async () => {
    const { double } = open("normal", "/simulation");
    const user = userEvent.setup();
    expect(await screen.findAllByRole("button", { name: /^Play / })).toHaveLength(10);
    await user.click(screen.getByRole("button", { name: "Play Sign-up fraud" }));
    expect(await screen.findByRole("heading", { level: 1, name: /An attack is being played: sign-up fraud/ })).toBeTruthy();
    double.state = "refused";
    await user.click(screen.getByRole("button", { name: "Stop Sign-up fraud" }));
    expect(await screen.findByText(/asks for a token before it shows a change of the simulation/)).toBeTruthy();
    expect(screen.getByRole("button", { name: "Stop Sign-up fraud" })).toBeTruthy();
  });

  it("an entity that Weir does not keep yet is told from its events", async () => {
    open("normal", "/entity/user?id=lena.jonsson");
    expect(await screen.findByRole("heading", { level: 1, name: "lena.jonsson" })).toBeTruthy();
    expect(await screen.findByRole("heading", { name: "What it does" })).toBeTruthy();
    expect(await screen.findByRole("heading", { name: "Seen together with" })).toBeTruthy();
  });

  it("an entity that was never seen is told so", async () => {
    open("normal", "/entity/user/nobody");
    expect(await screen.findByRole("heading", { level: 1, name: "No account nobody was ever seen." })).toBeTruthy();
  });

  it("Findings and Rules are honest about being empty", async () => {
    open("normal", "/findings");
    expect(await screen.findByText("Nothing has been found on this Weir so far.")).toBeTruthy();
    const user = userEvent.setup();
    await user.keyboard("gr");
    expect(await screen.findByText(/does not detect by rules yet/)).toBeTruthy();
  });

  it("an unknown address leads home", async () => {
    open("normal", "/nowhere");
    expect(await screen.findByText("There is no page at this address.")).toBeTruthy();
  });
});
