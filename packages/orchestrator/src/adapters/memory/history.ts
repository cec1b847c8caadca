import { historyKept, type Resolution } from "../../core/live/resolutions.ts";
import { readSample, sampleText } from "../../core/live/sample-text.ts";
import type { HistoryStore } from "../../ports/history.ts";

interface Entry {
  readonly orchestrator: string;
  readonly endMs: number;
  readonly text: string;
}

const pageSize = 1_000;

/** What orchestrators in one process share: for tests. */
export class MemoryHistory {
  readonly #entries: Record<Resolution, Entry[]> = { fine: [], middle: [], coarse: [] };

  store(orchestrator: string, wallMs: () => number): HistoryStore {
    const entries = this.#entries;
    return {
      async add(resolution, sample) {
        const endMs = wallMs();
        entries[resolution].push({ orchestrator, endMs, text: sampleText(sample) });
        const oldestMs = endMs - historyKept[resolution].keptMs;
        entries[resolution] = entries[resolution].filter((entry) => entry.endMs >= oldestMs);
      },
      async *read(resolution, { sinceMs, untilMs }) {
        const found = entries[resolution].filter(({ endMs }) => endMs >= sinceMs && endMs <= untilMs);
        for (let at = 0; at < found.length; at += pageSize)
          yield found.slice(at, at + pageSize).flatMap(({ text, ...entry }) => {
            const sample = readSample(text);
            return sample === undefined ? [] : [{ ...entry, sample }];
          });
      },
      close() {},
    };
  }
}
