import { writeFile } from "node:fs/promises";
import { getPriority, platform, setPriority } from "node:os";
import type { Log } from "@muster/base";

/** Lowest there is on every system. */
const lowest = 19;

/**
 * Lets other programs go first: what a new process starts from here on has this niceness too. 0 changes nothing. Where
 * that is not allowed the process stays as it is.
 */
export async function lowerPriority(pid: number | undefined, nice: number, log: Log): Promise<void> {
  if (pid === undefined || nice === 0) return;
  try {
    setPriority(pid, Math.min(lowest, Math.max(nice, getPriority())));
    // A process with a session of its own competes as a group, and the group has a niceness of its own.
    if (platform() === "linux") await writeFile(`/proc/${pid}/autogroup`, String(nice)).catch(() => {});
  } catch (error) {
    log.debug({ pid, nice, error: String(error) }, "priority not lowered");
  }
}
