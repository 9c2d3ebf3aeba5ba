/**
 * Serves the double and, when it was built, the page (dist/), under the same strict headers as the program does.
 *   pnpm double [state] [--port N]        then: WEIR_URL=http://127.0.0.1:N pnpm dev
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { Double, type DoubleState, STATES } from "./double";

export const PAGE_POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

export interface Running {
  double: Double;
  url: string;
  close: () => Promise<void>;
}

export async function serve(state: DoubleState, port = 0): Promise<Running> {
  const double = new Double(state);
  const streams = new Set<ServerResponse>();
  const server: Server = createServer((request, response) => {
    void answer(double, streams, request, response);
  });
  const beat = setInterval(() => {
    if (double.state === "dead" || double.state === "refused") {
      for (const stream of streams) stream.destroy();
      streams.clear();
      return;
    }
    const message = `event: overview\ndata: ${JSON.stringify(double.overview())}\n\n`;
    for (const stream of streams) stream.write(message);
  }, 110);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  const shown = typeof address === "object" && address ? address.port : port;
  return {
    double,
    url: `http://127.0.0.1:${shown}`,
    close: () =>
      new Promise((resolve) => {
        clearInterval(beat);
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function answer(double: Double, streams: Set<ServerResponse>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const target = request.url ?? "/";
  if (!target.startsWith("/api/")) {
    page(target, response);
    return;
  }
  if (target.startsWith("/api/v1/live") && double.state !== "dead" && double.state !== "refused") {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write(": begin\n\n");
    streams.add(response);
    response.on("close", () => streams.delete(response));
    return;
  }
  let body = "";
  for await (const part of request) body += String(part);
  const result = double.handle(request.method ?? "GET", target, body);
  if (!result) {
    request.socket.destroy();
    return;
  }
  response.writeHead(result.status, { "Content-Type": result.type ?? "application/json", "Cache-Control": "no-store" });
  response.end(JSON.stringify(result.body));
}

function page(target: string, response: ServerResponse): void {
  const path = normalize(decodeURIComponent(new URL(target, "http://double").pathname));
  let file = join(DIST, path);
  // The page's own addresses (/explore, …) are all index.html.
  if (!file.startsWith(DIST) || !existsSync(file) || !statSync(file).isFile()) file = join(DIST, "index.html");
  if (!existsSync(file)) {
    response.writeHead(404, { "Content-Type": "text/plain" });
    response.end("The page is not built: pnpm build");
    return;
  }
  response.writeHead(200, {
    "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
  });
  response.end(readFileSync(file));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const state = STATES.find((s) => s === process.argv[2]) ?? "normal";
  const at = process.argv.indexOf("--port");
  const running = await serve(state, at > 0 ? Number(process.argv[at + 1]) : 3999);
  console.log(`The double of Weir (${state}) is at ${running.url}; states: ${STATES.join(" ")}`);
}
