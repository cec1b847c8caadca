import { useCallback, useEffect, useState } from "react";
import { callJson } from "./api.ts";
import { noteRefusal } from "./session.ts";

export interface JsonState<Answer> {
  /** The last answer, also while the next is awaited. */
  readonly data: Answer | undefined;
  /** Why there is no newer one. */
  readonly error: unknown;
  readonly isLoading: boolean;
  readonly refresh: () => void;
}

interface Held<Answer> {
  readonly path: string | null;
  readonly data: Answer | undefined;
  readonly error: unknown;
  readonly isLoading: boolean;
}

export interface JsonOptions {
  /** Asks again by itself; not while the page is hidden. */
  readonly everyMs?: number;
  /** Asks again when it changes: what the answer depends on. */
  readonly key?: string;
  /** Shows the answer for the path before until there is one for this: for spans and filters. */
  readonly keepsLast?: boolean;
}

/** Asks for JSON; null asks for nothing. */
export function useJson<Answer>(path: string | null, options: JsonOptions = {}): JsonState<Answer> {
  const { everyMs, key, keepsLast = false } = options;
  const [round, setRound] = useState(0);
  const [held, setHeld] = useState<Held<Answer>>({
    path,
    data: undefined,
    error: undefined,
    isLoading: path !== null,
  });
  const refresh = useCallback(() => setRound((before) => before + 1), []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round or key is why it asks again.
  useEffect(() => {
    if (path === null) return undefined;
    const abort = new AbortController();
    setHeld((before) => ({ ...before, isLoading: true }));
    callJson<Answer>(path, { signal: abort.signal }).then(
      (data) => setHeld({ path, data, error: undefined, isLoading: false }),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        noteRefusal(error);
        setHeld((before) => ({ ...before, path, error, isLoading: false }));
      },
    );
    return () => abort.abort();
  }, [path, round, key]);

  useEffect(() => {
    if (everyMs === undefined || path === null) return undefined;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") refresh();
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs, path, refresh]);

  const isOfPath = held.path === path;
  return {
    data: isOfPath || keepsLast ? held.data : undefined,
    error: isOfPath ? held.error : undefined,
    isLoading: path !== null && (held.isLoading || !isOfPath),
    refresh,
  };
}
