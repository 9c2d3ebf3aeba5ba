import { explain } from "@/api/problem";

/** An error in words: what happened, what it means, what to do. */
export function TroubleNote({ error, what, again }: { error: unknown; what: string; again?: () => void }) {
  const { happened, means, todo } = explain(error, what);
  return (
    <div className="trouble" role="status">
      <b>{happened}</b>
      <p>
        {means} {todo}
      </p>
      {again && (
        <button type="button" className="text-button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}
