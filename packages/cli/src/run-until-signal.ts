import type { CommandIo } from "./command-io.ts";

/** A closed terminal window asks to stop as well. */
export const stopSignals: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** From the end of all that was running to the end of the process, whatever still holds it. */
const lingerMs = 3_000;

/**
 * Waits for Ctrl-C, SIGTERM, a closed terminal, the end of the process that started this one with a channel to it, or
 * `over`; then stops. A second signal does not wait.
 */
export async function runUntilSignal(
  io: Pick<CommandIo, "stderr">,
  running: { readonly stop: () => Promise<void>; readonly over?: Promise<unknown> },
): Promise<void> {
  let isAsked = false;
  let wake: () => void = () => {};
  const asked = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const onSignal = () => {
    if (isAsked) process.exit(130);
    isAsked = true;
    io.stderr.write("muster: finishing what runs, then leaving (again to leave at once)\n");
    wake();
  };
  for (const signal of stopSignals) process.on(signal, onSignal);
  process.once("disconnect", wake);
  // Whoever started this one is gone already.
  if (process.send !== undefined && !process.connected) wake();
  try {
    await Promise.race([asked, running.over ?? asked]);
    await running.stop();
    // A connection whose peer does not let go of it keeps no process alive that has stopped.
    setTimeout(() => process.exit(), lingerMs).unref();
  } finally {
    for (const signal of stopSignals) process.off(signal, onSignal);
    process.off("disconnect", wake);
    // Our end of the channel would keep this process alive.
    if (process.connected) process.disconnect();
  }
}
