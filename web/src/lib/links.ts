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

export function entityLink(kind: EntityKind, id: string): string {
  return `/entity/${kind}/${encodeURIComponent(id)}`;
}

export function findingLink(id: string): string {
  return `/findings/${encodeURIComponent(id)}`;
}
