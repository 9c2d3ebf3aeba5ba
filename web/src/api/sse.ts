// Server-Sent Events read through fetch, because EventSource cannot send a token.
// Format: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream

export interface ServerEvent {
  event: string;
  data: string;
}

/** Feeds on text as it comes, and gives out whole events. Comments and ids are read and dropped. */
export class EventStreamParser {
  private rest = "";
  private event = "";
  private data: string[] = [];

  constructor(private readonly emit: (event: ServerEvent) => void) {}

  push(text: string): void {
    // Whole lines only; a lone CR at the end may be the first half of CR LF.
    this.rest += text;
    const lines = this.rest.split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.line(line);
  }

  private line(line: string): void {
    if (line === "") {
      if (this.data.length > 0) this.emit({ event: this.event === "" ? "message" : this.event, data: this.data.join("\n") });
      this.event = "";
      this.data = [];
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.event = value;
    else if (field === "data") this.data.push(value);
  }
}

/** Reads a stream to its end. Rejects when it breaks; resolves when the server ends it. */
export async function readEvents(response: Response, emit: (event: ServerEvent) => void): Promise<void> {
  if (!response.body) return;
  const parser = new EventStreamParser(emit);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    parser.push(decoder.decode(value, { stream: true }));
  }
}
