import type { DashboardSession } from "@muster/sdk";
import { Suspense, useEffect, useRef } from "react";
import { followLive } from "../data/live.ts";
import { useHash } from "../data/use-hash.ts";
import { mayDo } from "../data/use-session.ts";
import { useResolvedTheme } from "../data/use-theme.ts";
import { Skeleton } from "../parts/loading.tsx";
import { Account } from "./account.tsx";
import { BottomBar } from "./bottom-bar.tsx";
import { Boundary } from "./boundary.tsx";
import { Connection } from "./connection.tsx";
import { Mark } from "./mark.tsx";
import { NavLink } from "./nav-link.tsx";
import { views } from "./views.ts";

/** Navigation, and one view. */
export function Shell({ session }: { readonly session: DashboardSession }) {
  const route = useHash();
  const main = useRef<HTMLElement>(null);
  const offered = views.filter(({ scope }) => mayDo(session.scopes, scope));
  const view = offered.find(({ id }) => id === route.view) ?? offered[0];
  useResolvedTheme();

  useEffect(() => (mayDo(session.scopes, "read") ? followLive() : undefined), [session]);

  // A new view begins at its top, and is where the keyboard goes on from.
  const shown = view?.id;
  const before = useRef(shown);
  useEffect(() => {
    if (before.current === shown) return;
    before.current = shown;
    main.current?.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [shown]);

  return (
    <div className="shell">
      <header className="side">
        <button type="button" className="skip" onClick={() => main.current?.focus()}>
          To the content
        </button>
        <a className="brand" href="#/">
          <Mark />
          Muster
        </a>
        <nav className="side-nav" aria-label="Views">
          {offered.map((entry) => (
            <NavLink key={entry.id} entry={entry} isCurrent={entry.id === shown} />
          ))}
        </nav>
        <div className="side-foot">
          <Connection />
          <Account session={session} />
        </div>
      </header>
      <main ref={main} className="main" tabIndex={-1}>
        {view === undefined ? (
          <NothingOffered session={session} />
        ) : (
          <Boundary key={view.id}>
            <Suspense fallback={<Waiting />}>
              <view.component />
            </Suspense>
          </Boundary>
        )}
      </main>
      <BottomBar offered={offered} shown={shown} session={session} />
    </div>
  );
}

function Waiting() {
  return (
    <div className="page">
      <Skeleton lines={5} />
    </div>
  );
}

function NothingOffered({ session }: { readonly session: DashboardSession }) {
  return (
    <div className="page">
      <h1>Nothing to show with this key</h1>
      <p className="soft">
        The key {session.key_name} is for: {session.scopes.join(", ") || "nothing"}. Ask whoever runs Muster
        for one that may read.
      </p>
    </div>
  );
}
