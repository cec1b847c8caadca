import type { Clock } from "./clock.ts";

/** Waits; ends early, without throwing, once `signal` fires. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = () => {
      stopTimer();
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const stopTimer = clock.after(delayMs, wake);
    signal.addEventListener("abort", wake, { once: true });
  });
}
