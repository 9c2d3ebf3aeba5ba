import { keepPreviousData, QueryClient, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useSyncExternalStore } from "react";
import type { Filters } from "@/lib/filters";
import { get, put } from "./client";
import type { LiveFeed, LiveState } from "./live";
import { Trouble } from "./problem";
import type {
  Entity,
  EntityKind,
  Finding,
  Health,
  Ledger,
  List,
  Metric,
  Quality,
  Reject,
  RejectGroups,
  Rule,
  SearchAnswer,
  Series,
  Simulation,
  Top,
  WeirEvent,
} from "./types";

export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // A question that the server refuses is not asked again; a server that is away is, by the interval.
        retry: (count, error) => error instanceof Trouble && error.status >= 500 && count < 2,
        retryDelay: (count) => Math.min(500 * 2 ** count, 4000),
        staleTime: 1000,
        refetchOnWindowFocus: true,
      },
    },
  });
}

export const LiveContext = createContext<LiveFeed | null>(null);

export function useLiveFeed(): LiveFeed {
  const feed = useContext(LiveContext);
  if (!feed) throw new Error("useLiveFeed is used outside of LiveContext");
  return feed;
}

export function useLive(): LiveState {
  const feed = useLiveFeed();
  return useSyncExternalStore(feed.subscribe, feed.get, feed.get);
}

/** One part of the live state; the caller is drawn again only when that part is another value. */
export function useLivePart<T>(pick: (state: LiveState) => T): T {
  const feed = useLiveFeed();
  return useSyncExternalStore(
    feed.subscribe,
    () => pick(feed.get()),
    () => pick(feed.get()),
  );
}

export function useLedger() {
  return useQuery({
    queryKey: ["ledger"],
    queryFn: ({ signal }) => get<Ledger>("/ledger", {}, signal),
    refetchInterval: 2000,
  });
}

export function useHealth() {
  return useQuery({
    queryKey: ["health"],
    queryFn: ({ signal }) => get<Health>("/health", {}, signal),
    refetchInterval: 4000,
  });
}

export function useQuality() {
  return useQuery({
    queryKey: ["quality"],
    queryFn: ({ signal }) => get<Quality>("/quality", {}, signal),
    refetchInterval: 5000,
  });
}

export function useMetrics() {
  return useQuery({
    queryKey: ["metrics"],
    queryFn: ({ signal }) => get<List<Metric>>("/metrics", {}, signal),
    staleTime: 600_000,
  });
}

export interface SeriesAsk {
  metric: string;
  from: string;
  to: string;
  step: string;
  by?: string;
}

export function useSeries(ask: SeriesAsk, everyMs: number | false, enabled = true) {
  return useQuery({
    enabled,
    queryKey: ["series", ask],
    queryFn: ({ signal }) => get<Series>("/series", { ...ask }, signal),
    refetchInterval: everyMs,
    placeholderData: keepPreviousData,
  });
}

/** Several metrics over the same stretch, read and shown together. */
export function useSeriesOf(metrics: readonly string[], ask: Omit<SeriesAsk, "metric" | "by">, everyMs: number | false) {
  return useQuery({
    queryKey: ["series-of", metrics, ask],
    queryFn: ({ signal }) => Promise.all(metrics.map((metric) => get<Series>("/series", { metric, ...ask }, signal))),
    refetchInterval: everyMs,
    placeholderData: keepPreviousData,
  });
}

export interface TopAsk {
  dimension: string;
  metric: string;
  from: string;
  to: string;
  limit: number;
}

export function useTop(ask: TopAsk, everyMs: number | false, enabled = true) {
  return useQuery({
    queryKey: ["top", ask],
    staleTime: 4000,
    refetchOnWindowFocus: false,
    queryFn: ({ signal }) => get<Top>("/top", { ...ask }, signal),
    refetchInterval: everyMs,
    placeholderData: keepPreviousData,
    enabled,
  });
}

export interface EventsAsk {
  filters: Filters;
  from?: string | undefined;
  to?: string | undefined;
  limit: number;
}

export function getEvents(ask: EventsAsk, cursor: string | null, signal?: AbortSignal): Promise<List<WeirEvent>> {
  return get<List<WeirEvent>>(
    "/events",
    { ...ask.filters, from: ask.from, to: ask.to, limit: ask.limit, cursor },
    signal,
  );
}

/** What was rejected in the last 24 hours, the largest groups first. */
export function useRejectGroups() {
  return useQuery({
    queryKey: ["reject-groups"],
    queryFn: ({ signal }) => get<RejectGroups>("/rejects/groups", { limit: 100 }, signal),
    refetchInterval: 5000,
  });
}

export interface RejectsAsk {
  reason: string;
  field: string;
  source: string;
}

/** The newest reject of a group. */
export function useNewestReject(ask: RejectsAsk | undefined) {
  return useQuery({
    queryKey: ["newest-reject", ask],
    queryFn: ({ signal }) => get<List<Reject>>("/rejects", { ...ask, limit: 1 }, signal),
    refetchInterval: 10_000,
    enabled: ask !== undefined,
  });
}

/** All rejects of a group, a page at a time, newest first. They stay as they were when the list was opened. */
export function useRejectPages(ask: RejectsAsk) {
  return useInfiniteQuery({
    queryKey: ["reject-pages", ask],
    queryFn: ({ signal, pageParam }) => get<List<Reject>>("/rejects", { ...ask, limit: 20, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
}

export function useFindings(params: { entity?: string } = {}) {
  return useQuery({
    queryKey: ["findings", params],
    queryFn: ({ signal }) => get<List<Finding>>("/findings", { ...params, limit: 200 }, signal),
    refetchInterval: 10_000,
  });
}

export function useFinding(id: string) {
  return useQuery({
    queryKey: ["finding", id],
    queryFn: ({ signal }) => get<Finding>(`/findings/${encodeURIComponent(id)}`, {}, signal),
    refetchInterval: 5000,
  });
}

export function useRules() {
  return useQuery({
    queryKey: ["rules"],
    queryFn: ({ signal }) => get<List<Rule>>("/rules", { limit: 1000 }, signal),
    refetchInterval: 30_000,
  });
}

export function useEntity(kind: EntityKind, id: string) {
  return useQuery({
    queryKey: ["entity", kind, id],
    queryFn: ({ signal }) => get<Entity>(`/entities/${kind}/${encodeURIComponent(id)}`, {}, signal),
    refetchInterval: 10_000,
  });
}

export function useSearchAnswer(q: string, kind: string | null, limit: number) {
  return useQuery({
    queryKey: ["search", q, kind, limit],
    queryFn: ({ signal }) => get<SearchAnswer>("/search", { q, kind, limit }, signal),
    enabled: q.trim() !== "",
    placeholderData: keepPreviousData,
    staleTime: 2000,
  });
}

export function useSimulation() {
  return useQuery({
    queryKey: ["simulation"],
    queryFn: ({ signal }) => get<Simulation>("/simulation", {}, signal),
    refetchInterval: 5000,
  });
}

export type SimulationChange = Partial<Pick<Simulation, "running" | "rate" | "attack">>;

/** Changes the simulator. What was asked for shows at once, and is taken back when the server refuses it. */
export function useChangeSimulation() {
  const client = useQueryClient();
  const feed = useLiveFeed();
  return useMutation({
    mutationFn: (change: SimulationChange) => put<Simulation>("/simulation", change),
    onMutate: async (change) => {
      await client.cancelQueries({ queryKey: ["simulation"] });
      const before = client.getQueryData<Simulation>(["simulation"]);
      if (before) client.setQueryData<Simulation>(["simulation"], { ...before, ...change });
      return { before };
    },
    onError: (_error, _change, context) => {
      if (context?.before) client.setQueryData(["simulation"], context.before);
    },
    onSuccess: (now, change) => {
      // The answer is the truth; an answer that is short of fields keeps what was asked for.
      const before = client.getQueryData<Simulation>(["simulation"]);
      client.setQueryData(["simulation"], { ...before, ...change, ...now });
      feed.refresh();
    },
  });
}
