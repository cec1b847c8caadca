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
      } catch (error) {
        return isMissing(error) ? undefined : untilTakenBack;
      }
    },
    write(pause) {
      last = last.catch(() => {}).then(() => write(pause));
      return last;
    },
  };
}

/** As well of a file that is damaged: somebody wanted the machine not to be lent. */
const untilTakenBack: Pause = { untilMs: undefined };
/** The last moment that a Date can tell. */
const lastMs = 8.64e15;

function pauseFrom(told: unknown): Pause {
  if (typeof told !== "object" || told === null || !("untilMs" in told)) return untilTakenBack;
  const { untilMs } = told;
  return typeof untilMs === "number" && untilMs <= lastMs ? { untilMs } : untilTakenBack;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
