import type { ReactNode } from "react";
import { useResolvedTheme } from "../data/use-theme.ts";
import { Mark } from "./mark.tsx";

/** What is shown to whoever is not in yet: the name, one heading, one thing to do. */
export function Door({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  useResolvedTheme();
  return (
    <main className="door">
      <div className="door-inner">
        <p className="brand">
          <Mark />
          Muster
        </p>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
