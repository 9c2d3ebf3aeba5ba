import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { call, headers, serverNow } from "@/api/client";
import { getEvents } from "@/api/queries";
import type { List, WeirEvent } from "@/api/types";
import { useView } from "@/hooks/view";
import { eventKey, keyWords } from "@/lib/events";
import { FIELD_WORDS, FILTER_FIELDS, type FilterField, type Filters, readFilters, withFilter, withoutFilter, writeFilters } from "@/lib/filters";
import { clock, plural, whole } from "@/lib/format";
import { useToday } from "@/hooks/clock";
import { iso, type Range, readRange, windowOf, writeRange } from "@/lib/range";
import { EventPanel } from "@/parts/EventPanel";
import { EventsTable } from "@/parts/EventsTable";
import { RangePicker } from "@/parts/RangePicker";
import { explain } from "@/api/problem";
import { TroubleNote } from "@/parts/Trouble";
import { AddFilter } from "./explore/AddFilter";
import { ExploreChart } from "./explore/ExploreChart";

const PAGE = 100;
/** More than this is told as "more than". */
const COUNTED = 1000;

export function ExplorePage() {
  const [search, change] = useView();
  const filters = useMemo(() => readFilters(search), [search]);
  const range = useMemo((): Range => readRange(search) ?? { kind: "live", name: "1h" }, [search]);
  const chosen = search.get("event");
  const filterKey = JSON.stringify(filters);
  const setFilters = (next: Filters) => change((s) => writeFilters(s, next));
  const choose = (next: Range) => change((s) => writeRange(s, next));

  return (
    <>
      <h1 className="sr">Explore events</h1>
      <div className="wrap explore-bar">
        <div className="chips">
          {FILTER_FIELDS.flatMap((name) =>
            (filters[name] ?? []).map((value) => (
              <span key={`${name} ${value}`} className="chip">
                <span>{FIELD_WORDS[name]}</span> <b className="cut" title={value}>{keyWords(name, value)}</b>
                <button type="button" aria-label={`Remove the filter ${FIELD_WORDS[name]} ${value}`} onClick={() => setFilters(withoutFilter(filters, name, value))}>
                  ×
                </button>
              </span>
            )),
          )}
          <AddFilter range={range} add={(name: FilterField, value: string) => setFilters(withFilter(filters, name, value))} />
          {filterKey !== "{}" && (
            <button type="button" className="text-button" onClick={() => setFilters({})}>
              Remove all
            </button>
          )}
        </div>
        <RangePicker range={range} choose={choose} />
      </div>
      <section className="wrap section tight" aria-label="Events over time">
        <ExploreChart filters={filters} range={range} choose={choose} />
      </section>
      {/* Another question begins a new list. */}
      <Found
        key={`${filterKey} ${JSON.stringify(range)}`}
        filters={filters}
        range={range}
        chosen={chosen}
        choose={(event) => change((s) => (event ? s.set("event", eventKey(event)) : s.delete("event")), "replace")}
      />
    </>
  );
}

interface FoundProps {
  filters: Filters;
  range: Range;
  chosen: string | null;
  choose: (event: WeirEvent | null) => void;
}

function Found({ filters, range, chosen, choose }: FoundProps) {
  const window = windowOf(range);
  // A list belongs to a moment: pages that are read later must not shift under the first ones.
  const [since, setSince] = useState(() => serverNow());
  const ask = { filters, from: window.from, to: range.kind === "fixed" ? window.to : undefined, limit: PAGE };
  const today = useToday();
  const [opened, setOpened] = useState<WeirEvent | null>(null);
  const list = useInfiniteQuery({
    queryKey: ["explore", filters, window.from, window.to, since],
    queryFn: ({ pageParam, signal }) => getEvents(ask, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last: List<WeirEvent>) => last.next_cursor,
    refetchOnWindowFocus: false,
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });
  const events = useMemo(() => list.data?.pages.flatMap((p) => p.items) ?? [], [list.data]);
  const newest = events[0];

  // What came since: counted, and shown only when asked for.
  const waiting = useQuery({
    queryKey: ["explore-new", filters, newest?.time ?? since],
    queryFn: ({ signal }) =>
      getEvents({ filters, from: iso((newest ? Date.parse(newest.time) : since) + 1), to: undefined, limit: COUNTED }, null, signal),
    refetchInterval: 4000,
    enabled: range.kind === "live" && list.isSuccess,
    retry: false,
  });
  const came = waiting.data?.items.length ?? 0;

  const open = (event: WeirEvent) => {
    setOpened(event);
    choose(event);
  };
  // A link to one event: it may be long past the first page.
  const named = chosen !== null && (!opened || eventKey(opened) !== chosen) && !events.some((e) => eventKey(e) === chosen) ? chosen : null;
  const linked = useQuery({
    queryKey: ["event", named],
    queryFn: ({ signal }) => {
      const cut = (named ?? "").indexOf(" ");
      return getEvents({ filters: { source: [(named ?? "").slice(0, cut)], id: [(named ?? "").slice(cut + 1)] }, limit: 1 }, null, signal);
    },
    enabled: named !== null && list.isSuccess,
    staleTime: Infinity,
  });
  const panel =
    chosen === null
      ? null
      : opened && eventKey(opened) === chosen
        ? opened
        : (events.find((e) => eventKey(e) === chosen) ?? linked.data?.items[0] ?? null);

  if (list.isError && events.length === 0)
    return (
      <div className="wrap section">
        <TroubleNote error={list.error} what="these events" again={() => void list.refetch()} />
      </div>
    );
  return (
    <section className="wrap section tight" aria-labelledby="found">
      <div className="head">
        <h2 id="found">
          {list.isPending ? "Reading events" : events.length === 0 ? "No events" : `${plural(events.length, "event")}${list.hasNextPage ? ", there are more" : ""}`}
        </h2>
        {events.length > 0 && <span className="quiet only-desk">newest first; times are UTC</span>}
        {came > 0 && (
          <button type="button" className="text-button" onClick={() => setSince(serverNow())}>
            {came >= COUNTED ? `more than ${whole(COUNTED)} new ones` : plural(came, "new one")}, show
          </button>
        )}
        {events.length > 0 && <Downloads filters={filters} from={window.from} to={window.to} />}
      </div>
      {events.length > 0 ? (
        <EventsTable events={events} chosen={chosen} open={open} now={today} label="Events" />
      ) : list.isPending ? null : (
        <div className="empty">
          <b>Nothing matches in this stretch of time.</b>
          <p>Take away a filter, or choose a longer time. Filters match whole values: part of a name finds nothing here, the search with the key / does.</p>
        </div>
      )}
      {list.hasNextPage && (
        <p className="more">
          <button type="button" className="button" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {list.isFetchingNextPage ? "Reading" : `Show ${PAGE} more`}
          </button>{" "}
          {list.isFetchNextPageError && <span className="soft">{explain(list.error, "the next page").happened}</span>}
          <span className="quiet only-desk">{events.length > 0 && ` back to ${clock(Date.parse(events.at(-1)?.time ?? ""))}`}</span>
        </p>
      )}
      <EventPanel
        event={panel}
        onClose={() => {
          setOpened(null);
          choose(null);
        }}
      />
    </section>
  );
}

const FORMATS = [
  { label: "CSV", accept: "text/csv", end: "csv" },
  { label: "NDJSON", accept: "application/x-ndjson", end: "ndjson" },
  { label: "Parquet", accept: "application/vnd.apache.parquet", end: "parquet" },
] as const;

/** The whole result as a file, not only the rows that are shown. */
function Downloads({ filters, from, to }: { filters: Filters; from: string; to: string }) {
  const [state, setState] = useState<{ label: string; words: string } | null>(null);
  const save = async (format: (typeof FORMATS)[number]) => {
    setState({ label: format.label, words: "reading" });
    try {
      const response = await call("/events", { params: { ...filters, from, to }, headers: headers({ Accept: format.accept }) });
      const address = URL.createObjectURL(await response.blob());
      const link = document.createElement("a");
      link.href = address;
      link.download = `weir-events-${iso(serverNow()).replace(/[:.]/g, "-")}.${format.end}`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
      setState(null);
    } catch (error) {
      setState({ label: format.label, words: explain(error, "the file").happened });
    }
  };
  return (
    <span className="end line only-desk">
      {state && <span className="quiet" role="status">{state.label}: {state.words}</span>}
      {FORMATS.map((f) => (
        <button key={f.label} type="button" className="text-button" title={`All that match, as ${f.label}`} disabled={state?.words === "reading"} onClick={() => void save(f)}>
          {f.label}
        </button>
      ))}
    </span>
  );
}
