import type { CommandIo } from "./command-io.ts";

/**
 * Waits for Ctrl-C, SIGTERM or `over`, then stops; a second signal does not wait. The exit code is the signal's only
 * when it did not wait.
 */
export async function runUntilSignal(
  io: Pick<CommandIo, "stderr">,
  running: { readonly stop: () => Promise<void>; readonly over?: Promise<unknown> },
): Promise<void> {
  let signals = 0;
  let wake: () => void = () => {};
  const asked = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const onSignal = () => {
    signals += 1;
    if (signals === 1) {
      io.stderr.write("muster: finishing what runs, then leaving (again to leave at once)\n");
      wake();
    } else process.exit(130);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    await Promise.race([asked, running.over ?? asked]);
    await running.stop();
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}
