import type { LiveEvent } from "@muster/sdk";
import { backoffMs } from "./backoff.ts";
import { initialLive, type LiveState, reduceLive } from "./live-state.ts";
import { askSession } from "./session.ts";
import { createStore } from "./store.ts";

const path = "/cluster/v1/live";
/** So many intervals without a word: the connection is dead though nobody has said so. */
const silentIntervals = 5;
const leastSilenceMs = 15_000;

export const liveStore = createStore<LiveState>(initialLive);

/** Follows the cluster until it is ended: one connection for the page. */
export function followLive(): () => void {
  let source: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let isEnded = false;

  const close = () => {
    clearTimeout(silence);
    clearTimeout(retry);
    source?.close();
    source = undefined;
  };
  const again = () => {
    close();
    if (isEnded) return;
    failures += 1;
    liveStore.update((state) => reduceLive(state, { kind: "broken" }));
    // An EventSource does not say why it was refused: the session does.
    if (failures >= 2) void askSession();
    retry = setTimeout(open, backoffMs(failures, Math.random()));
  };
  const heard = () => {
    clearTimeout(silence);
    const intervalMs = (liveStore.get().hello?.interval_seconds ?? 2) * 1000;
    silence = setTimeout(again, Math.max(leastSilenceMs, silentIntervals * intervalMs));
  };
  const open = () => {
    close();
    const opened = new EventSource(path, { withCredentials: true });
    source = opened;
    opened.onopen = () => {
      liveStore.update((state) => reduceLive(state, { kind: "opened" }));
      heard();
    };
    opened.onerror = again;
    for (const kind of ["hello", "now", "workers", "batches", "findings"] as const) {
      opened.addEventListener(kind, ({ data }: MessageEvent<string>) => {
        failures = 0;
        heard();
        const event = { kind, data: JSON.parse(data) } as LiveEvent;
        liveStore.update((state) => reduceLive(state, event));
      });
    }
  };
  // A laptop that wakes should not wait for the next try.
  const wake = () => {
    if (document.visibilityState === "visible" && liveStore.get().connection !== "open") open();
  };

  open();
  document.addEventListener("visibilitychange", wake);
  addEventListener("online", wake);
  return () => {
    isEnded = true;
    close();
    document.removeEventListener("visibilitychange", wake);
    removeEventListener("online", wake);
    liveStore.update((state) => reduceLive(state, { kind: "forget" }));
  };
}
