import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Pause, PauseStore } from "../../ports/pause-store.ts";

/** One small file, there while there is a pause: `{"untilMs": 1764400000000}`, or `null` for one without end. */
export function createPauseFile(file: string): PauseStore {
  const write = async (pause: Pause | undefined): Promise<void> => {
    if (pause === undefined) {
      await rm(file, { force: true });
      return;
    }
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(`${file}.new`, `${JSON.stringify({ untilMs: pause.untilMs ?? null })}\n`, {
      mode: 0o600,
    });
    await rename(`${file}.new`, file);
  };
  // One after the other: a pause that is taken back at once must not be found again.
  let last: Promise<void> = Promise.resolve();
  return {
    async read() {
      try {
        return pauseFrom(JSON.parse(await readFile(file, "utf8")));
      } catch {
        return undefined;
      }
    },
    write(pause) {
      last = last.catch(() => {}).then(() => write(pause));
      return last;
    },
  };
}

function pauseFrom(told: unknown): Pause | undefined {
  if (typeof told !== "object" || told === null || !("untilMs" in told)) return undefined;
  const { untilMs } = told;
  if (untilMs === null) return { untilMs: undefined };
  return typeof untilMs === "number" ? { untilMs } : undefined;
}
