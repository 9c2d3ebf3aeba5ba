import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useLivePart } from "@/api/queries";
import { Sheet } from "@/parts/Sheet";
import { SearchBox } from "./SearchBox";

const PAGES = [
  { href: "/", label: "Home" },
  { href: "/findings", label: "Findings" },
  { href: "/explore", label: "Explore" },
  { href: "/rules", label: "Rules" },
  { href: "/quality", label: "Data quality" },
  { href: "/health", label: "Health" },
  { href: "/simulation", label: "Simulation" },
];

export function TopLine({ searchRef, openSettings }: { searchRef: React.RefObject<HTMLInputElement | null>; openSettings: () => void }) {
  const [menu, setMenu] = useState(false);
  return (
    <header className="top">
      <Link href="/" className="brand" aria-label="Weir, to Home">
        <svg width="20" height="16" viewBox="0 0 20 16" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="2">
          <path d="M0 3h8c4 0 3 10 7 10h5" />
          <path d="M9 16V7" />
        </svg>
        Weir
      </Link>
      <nav className="nav only-desk" aria-label="Pages">
        <Pages />
      </nav>
      <SearchBox inputRef={searchRef} />
      <button type="button" className="settings-button only-desk" onClick={openSettings}>
        Settings
      </button>
      <button type="button" className="menu-button only-phone" aria-haspopup="dialog" onClick={() => setMenu(true)}>
        Menu
      </button>
      <Sheet open={menu} onClose={() => setMenu(false)} title="Menu" side>
        {/* Whatever is chosen in here, the menu has done its work. */}
        <nav className="menu" aria-label="Pages">
          <Pages chosen={() => setMenu(false)} />
          <button
            type="button"
            onClick={() => {
              setMenu(false);
              openSettings();
            }}
          >
            Settings
          </button>
        </nav>
      </Sheet>
    </header>
  );
}

function Pages({ chosen }: { chosen?: () => void }) {
  const [place] = useLocation();
  const open = useLivePart((s) => s.overview?.findings.length ?? 0);
  return (
    <>
      {PAGES.map(({ href, label }) => {
        const here = href === "/" ? place === "/" : place === href || place.startsWith(`${href}/`);
        return (
          <Link key={href} href={href} aria-current={here ? "page" : undefined} {...(chosen ? { onClick: chosen } : {})}>
            {label}
            {href === "/findings" && open > 0 && (
              <span className="count">
                {open}
                <span className="sr"> open</span>
              </span>
            )}
          </Link>
        );
      })}
    </>
  );
}
