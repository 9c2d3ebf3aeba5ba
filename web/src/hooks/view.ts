import { useCallback } from "react";
import { useSearchParams } from "wouter";

/** Changes the query part of the URL, which holds the whole view. Small changes replace the entry in the history. */
export function useView(): [URLSearchParams, (change: (search: URLSearchParams) => void, how?: "push" | "replace") => void] {
  const [search, setSearch] = useSearchParams();
  const change = useCallback(
    (edit: (search: URLSearchParams) => void, how: "push" | "replace" = "push") => {
      setSearch(
        (before) => {
          const next = new URLSearchParams(before);
          edit(next);
          return next;
        },
        { replace: how === "replace" },
      );
    },
    [setSearch],
  );
  return [search, change];
}
