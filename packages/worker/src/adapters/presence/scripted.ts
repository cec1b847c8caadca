import { readFile } from "node:fs/promises";
import type { OwnerPresence, PresenceReadings } from "../../ports/owner-presence.ts";
import { readingOf } from "./ways.ts";

/**
 * Readings from a file, for tests and demonstrations: `{"idleMs", "isFullScreen", "isOnAcPower", "isGpuUsedByOthers"}`.
 * What it leaves out, and a file that cannot be read, is unknown.
 */
export function createScriptedPresence(file: string): OwnerPresence {
  return {
    async look(): Promise<PresenceReadings> {
      const told = await readFile(file, "utf8").then(fieldsOf, () => new Map<string, unknown>());
      const why = `${file} does not say.`;
      const flag = (name: string) => {
        const value = told.get(name);
        return typeof value === "boolean" ? value : undefined;
      };
      const idleMs = told.get("idleMs");
      return {
        idleMs: readingOf(typeof idleMs === "number" && idleMs >= 0 ? idleMs : undefined, why),
        isFullScreen: readingOf(flag("isFullScreen"), why),
        isOnAcPower: readingOf(flag("isOnAcPower"), why),
        gpu: { isUsedByOthers: flag("isGpuUsedByOthers") ?? "unknown" },
      };
    },
    close: async () => {},
  };
}

function fieldsOf(text: string): ReadonlyMap<string, unknown> {
  try {
    return new Map(Object.entries(JSON.parse(text) as object));
  } catch {
    // It may be half written: the next look reads it whole.
    return new Map();
  }
}
