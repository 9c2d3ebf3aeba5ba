import { describe, expect, it } from "vitest";
import { rejectCommands, seen, shellWord } from "./rejects";

describe("text from strangers", () => {
  it("shows what cannot be seen, and leaves the rest", () => {
    expect(seen('{"ü":"😀\n\t�"}')).toBe('{"ü":"😀\n\t�"}');
    expect(seen("\u202Eabc\u0000\u001b[31m\u200b\r")).toBe("\\u{202e}abc\\u{0}\\u{1b}[31m\\u{200b}\\u{d}");
  });

  it("is one word in a shell, whatever it holds", () => {
    const words: [string, string][] = [
      ["https://shop.example.com", "https://shop.example.com"],
      ["", "''"],
      ["a b", "'a b'"],
      ["'; rm -rf / #", "''\\''; rm -rf / #'"],
      ["$(id)`id`\\", "'$(id)`id`\\'"],
      ["ü😀", "'ü😀'"],
      ["\n\u202e'\\", "$'\\U0000000a\\U0000202e\\'\\\\'"],
    ];
    for (const [text, word] of words) expect(shellWord(text)).toBe(word);
  });
});

describe("commands for a group", () => {
  const group = { reason: "wrong_type", field: "data.ip", source: "https://a b" };
  it("name the Weir when it is not the usual one", () => {
    expect(rejectCommands(group, "http://localhost:3000").replay).toBe("weir rejects replay --reason=wrong_type --field=data.ip --source='https://a b'");
    expect(rejectCommands(group, "http://10.0.0.5:8080").save).toBe(
      "weir rejects export --reason=wrong_type --field=data.ip --source='https://a b' --to-url=http://10.0.0.5:8080 > rejects.ndjson",
    );
  });
});
