import type { Background, Clock } from "@muster/base";

/** Runs a task now and then, whether or not it failed the last time; the result ends that. */
export function every(
  { clock, background }: { readonly clock: Clock; readonly background: Background },
  periodMs: number,
  name: string,
  task: () => Promise<void>,
): () => void {
  const run = () => {
    background.run(name, task);
    stop = clock.after(periodMs, run);
  };
  let stop = clock.after(periodMs, run);
  return () => stop();
}
