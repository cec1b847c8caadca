/** The event loop is held no longer than about this. */
const sliceMs = 8;

/** Lets whoever waits have a turn, where one's own has taken long enough. */
export type Pause = () => Promise<void>;

export function createPause(nowMs: () => number): Pause {
  let sinceMs = nowMs();
  return async () => {
    if (nowMs() - sinceMs < sliceMs) return;
    await new Promise((resolve) => setImmediate(resolve));
    sinceMs = nowMs();
  };
}
