import { useEffect } from "react";
import { askSession } from "../data/session.ts";
import { useResolvedTheme } from "../data/use-theme.ts";
import { ErrorNote } from "../parts/error-note.tsx";
import { Mark } from "./mark.tsx";

const againMs = 5_000;

/** There is no orchestrator to ask; it is asked again until there is. */
export function Unreachable({ error }: { readonly error: unknown }) {
  useResolvedTheme();
  useEffect(() => {
    const timer = setInterval(() => void askSession(), againMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <main className="door">
      <div className="door-inner">
        <p className="brand">
          <Mark />
          Muster
        </p>
        <h1>No answer yet</h1>
        <p className="soft">This page goes on by itself as soon as the orchestrator answers.</p>
        <ErrorNote error={error} onRetry={() => void askSession()} />
      </div>
    </main>
  );
}
