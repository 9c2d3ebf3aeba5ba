// Where things lead. Every number opens its events, every name opens its entity.
import type { EntityKind } from "@/api/types";
import { type Filters, writeFilters } from "./filters";
import { type Range, writeRange } from "./range";

export function exploreLink(filters: Filters, range?: Range | null): string {
  const search = new URLSearchParams();
  if (range) writeRange(search, range);
  writeFilters(search, filters);
  const query = search.toString();
  return query === "" ? "/explore" : `/explore?${query}`;
}

/** An id may hold anything, also what means something in a path (a slash, two dots, an extension): so it is a parameter. */
export function entityLink(kind: EntityKind, id: string): string {
  return `/entity/${kind}?${new URLSearchParams({ id }).toString()}`;
}

export function findingLink(id: string): string {
  return `/findings/${encodeURIComponent(id)}`;
}
