import type { ProblemDocument } from "./types";

/**
 * Why an answer is not there. `status` 0: no answer came at all.
 * Every failed call of the client throws this and nothing else, except for an abort by the caller.
 */
export class Trouble extends Error {
  override readonly name = "Trouble";
  constructor(
    readonly status: number,
    /** The server's own sentence, when it gave one. */
    readonly detail: string | null,
    readonly title: string | null = null,
    /** How long the server asks to wait. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(detail ?? title ?? (status === 0 ? "no answer" : `status ${status}`));
  }
}

export async function troubleOf(response: Response): Promise<Trouble> {
  let document: ProblemDocument = {};
  if ((response.headers.get("content-type") ?? "").includes("json")) {
    try {
      document = (await response.json()) as ProblemDocument;
    } catch {
      // A body that breaks off tells no more than the status does.
    }
  }
  const wait = Number(response.headers.get("retry-after"));
  return new Trouble(
    response.status,
    typeof document.detail === "string" && document.detail !== "" ? document.detail : null,
    typeof document.title === "string" ? document.title : null,
    Number.isFinite(wait) && wait > 0 ? wait * 1000 : null,
  );
}

/** What happened, what it means for the reader, what to do. */
export interface Explanation {
  happened: string;
  means: string;
  todo: string;
}

/**
 * Puts an error into words.
 * @param what the thing that is not there, as it stands in a sentence: "the newest events".
 */
export function explain(error: unknown, what: string): Explanation {
  if (!(error instanceof Trouble)) {
    return {
      happened: `The page could not show ${what}.`,
      means: "This is a fault in the page, not in your data: nothing is lost.",
      todo: "Load the page again. If it stays, tell whoever runs Weir what you did just before.",
    };
  }
  const said = error.detail === null ? "" : ` It says: ${sentence(error.detail)}`;
  switch (error.status) {
    case 0:
      return {
        happened: `Weir did not answer when the page asked for ${what}.`,
        means: "What stands here is from before, or missing. Events that were accepted are safe on its disk.",
        todo: "Check that Weir is running and that this computer reaches it. The page tries again by itself.",
      };
    case 400:
    case 422:
      return {
        happened: `Weir cannot show ${what} as asked.${said}`,
        means: "Nothing is wrong with the data; the question is.",
        todo: "Change the filters or the time range.",
      };
    case 401:
      return {
        happened: `This Weir asks for a token before it shows ${what}.`,
        means: "It is protected, and this page has no token yet, or one that was revoked.",
        todo: "Enter a token under Settings. Whoever runs Weir makes one with: weir token create NAME --scopes read",
      };
    case 403:
      return {
        happened: `Your token does not allow ${what}.${said}`,
        means: "You may look, but not do this.",
        todo: "Ask whoever runs Weir for a token with the scope that is missing.",
      };
    case 404:
      return {
        happened: `Weir has nothing at the place of ${what}.${said}`,
        means: "It was never seen, or this version of Weir does not have it.",
        todo: "Check the spelling, or search for it with the key /",
      };
    case 503:
      return {
        happened: `Weir is not ready to show ${what}.${said}`,
        means: "One of its parts is starting, stopping or too busy. Accepted events are kept.",
        todo: "Wait a moment; the page tries again by itself. Health tells which part it is.",
      };
    default:
      return {
        happened: `Weir could not give ${what}.${said}`,
        means: "A part of it failed at this question. Accepted events are kept.",
        todo: "Try again. If it stays, look at Health and at Weir's own log.",
      };
  }
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
