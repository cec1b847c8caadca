import { useEffect } from "react";
import { askSession } from "../data/session.ts";
import { ErrorNote } from "../parts/error-note.tsx";
import { Door } from "./door.tsx";

const againMs = 5_000;

/** There is no orchestrator to ask; it is asked again until there is. */
export function Unreachable({ error }: { readonly error: unknown }) {
  useEffect(() => {
    const timer = setInterval(() => void askSession(), againMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <Door title="No answer yet">
      <p className="soft">This page goes on by itself as soon as the orchestrator answers.</p>
      <ErrorNote error={error} onRetry={() => void askSession()} />
    </Door>
  );
}
