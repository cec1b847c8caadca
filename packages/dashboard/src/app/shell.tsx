import type { DashboardSession } from "@muster/sdk";
import { Suspense, useEffect } from "react";
import { followLive } from "../data/live.ts";
import { hashOf } from "../data/route.ts";
import { useHash } from "../data/use-hash.ts";
import { mayDo } from "../data/use-session.ts";
import { Skeleton } from "../parts/loading.tsx";
import { views } from "./views.ts";

export function Shell({ session }: { readonly session: DashboardSession }) {
  const route = useHash();
  const offered = views.filter(({ scope }) => mayDo(session.scopes, scope));
  const view = offered.find(({ id }) => id === route.view) ?? offered[0];

  useEffect(() => (mayDo(session.scopes, "read") ? followLive() : undefined), [session]);

  return (
    <>
      <nav>
        {offered.map(({ id, title }) => (
          <a key={id} href={hashOf(id)}>
            {title}
          </a>
        ))}
      </nav>
      <main>
        <Suspense fallback={<Skeleton />}>{view !== undefined && <view.component key={view.id} />}</Suspense>
      </main>
    </>
  );
}
