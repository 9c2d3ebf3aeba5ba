import { type QueryClient, QueryClientProvider, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Route, Switch, useLocation } from "wouter";
import type { LiveFeed } from "@/api/live";
import { LiveContext, useLiveFeed, useLivePart } from "@/api/queries";
import { EntityPage } from "@/pages/Entity";
import { ExplorePage } from "@/pages/Explore";
import { FindingPage, FindingsPage } from "@/pages/Findings";
import { HealthPage } from "@/pages/Health";
import { HomePage } from "@/pages/Home";
import { NotFoundPage } from "@/pages/NotFound";
import { QualityPage } from "@/pages/Quality";
import { RulesPage } from "@/pages/Rules";
import { SimulationPage } from "@/pages/Simulation";
import { copyText } from "@/parts/Copy";
import { ErrorBoundary } from "./ErrorBoundary";
import { useKeys } from "@/hooks/keys";
import { Settings } from "./Settings";
import { StaleBanner } from "./StaleBanner";
import { chooseTheme, useTheme } from "@/hooks/theme";
import { TopLine } from "./TopLine";
import { TrustStrip } from "./TrustStrip";


export function App({ feed, client }: { feed: LiveFeed; client: QueryClient }) {
  return (
    <QueryClientProvider client={client}>
      <LiveContext.Provider value={feed}>
        <Shell />
      </LiveContext.Provider>
    </QueryClientProvider>
  );
}

function Shell() {
  const [place, go] = useLocation();
  const [settings, setSettings] = useState(false);
  const [told, setTold] = useState<string | null>(null);
  const search = useRef<HTMLInputElement>(null);
  const main = useRef<HTMLElement>(null);
  const { choice } = useTheme();
  useFindingNews();

  useEffect(() => {
    if (told === null) return;
    const timer = setTimeout(() => setTold(null), 2500);
    return () => clearTimeout(timer);
  }, [told]);

  useKeys(
    {
      "/": () => {
        search.current?.focus();
        search.current?.select();
        return true;
      },
      "?": () => {
        setSettings(true);
        return true;
      },
      c: () => {
        void copyText(location.href).then((ok) =>
          setTold(ok ? "The link to this view is copied." : "The browser does not allow copying; take the address from its address line."),
        );
        return true;
      },
      t: () => {
        const next = choice === "system" ? "light" : choice === "light" ? "dark" : "system";
        chooseTheme(next);
        setTold(next === "system" ? "Light or dark as the system" : next === "light" ? "Light" : "Dark");
        return true;
      },
    },
    (target) => go(target),
  );

  // A new page begins at its top, and the keyboard begins in it.
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [place]);

  return (
    <>
      <a className="skip" href="#main">
        To the content
      </a>
      <StaleBanner />
      <TopLine searchRef={search} openSettings={() => setSettings(true)} />
      <main id="main" ref={main} tabIndex={-1}>
        <ErrorBoundary place={place}>
          {/* All pages are in one file: also when Weir does not answer, they can be opened. */}
          <Switch>
            <Route path="/" component={HomePage} />
            <Route path="/findings" component={FindingsPage} />
            <Route path="/findings/:id">{({ id }) => <FindingPage id={decode(id)} />}</Route>
            <Route path="/explore" component={ExplorePage} />
            <Route path="/entity/:kind/:id?">{({ kind, id }) => <EntityPage kind={kind} id={id === undefined ? null : decode(id)} />}</Route>
            <Route path="/rules" component={RulesPage} />
            <Route path="/quality" component={QualityPage} />
            <Route path="/health" component={HealthPage} />
            <Route path="/simulation" component={SimulationPage} />
            <Route component={NotFoundPage} />
          </Switch>
        </ErrorBoundary>
      </main>
      <TrustStrip />
      <Settings open={settings} onClose={() => setSettings(false)} />
      <Title place={place} />
      <div className="told" role="status">
        {told !== null && <span>{told}</span>}
      </div>
    </>
  );
}

/** The path's part as it was meant; one that is not well-formed stays as it is. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Findings that open or change are read again at once. */
function useFindingNews(): void {
  const feed = useLiveFeed();
  const client = useQueryClient();
  useEffect(
    () =>
      feed.onFinding(() => {
        void client.invalidateQueries({ queryKey: ["findings"] });
        void client.invalidateQueries({ queryKey: ["finding"] });
      }),
    [feed, client],
  );
}

const TITLES: [prefix: string, title: string][] = [
  ["/findings", "Findings"],
  ["/explore", "Explore"],
  ["/entity", "Entity"],
  ["/rules", "Rules"],
  ["/quality", "Data quality"],
  ["/health", "Health"],
  ["/simulation", "Simulation"],
];

/** The tab's title: an attack shows there too, for a tab in the background. */
function Title({ place }: { place: string }) {
  const state = useLivePart((s) => s.overview?.state ?? "normal");
  const lost = useLivePart((s) => s.link === "lost");
  const page = TITLES.find(([prefix]) => place.startsWith(prefix))?.[1] ?? "";
  const name = page === "" ? "Weir" : `${page} · Weir`;
  const title = lost ? `No answer · ${name}` : state === "attack" ? `Attack · ${name}` : state === "elevated" ? `Elevated · ${name}` : name;
  useEffect(() => {
    document.title = title;
  }, [title]);
  return null;
}
