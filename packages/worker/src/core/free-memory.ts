import type { Hardware } from "@muster/base";
import { offerNow, ramReserve, reserveBytes, vramReserve } from "./offered-memory.ts";

/** What a model may take of a machine on which nothing of ours runs yet. */
export interface FreeMemory {
  readonly vramBytes: number;
  readonly ramBytes: number;
  readonly gpus: number;
}

/** As it will be offered: what is free, less what the owner keeps. GPUs without memory of their own share the machine's. */
export function freeMemory(
  { gpus, ramBytes, freeRamBytes }: Hardware,
  settings: {
    readonly gpu: "auto" | "off";
    readonly vramReserveBytes: number | undefined;
    readonly ramReserveBytes: number | undefined;
    readonly maxVramBytes: number | undefined;
    readonly maxRamBytes: number | undefined;
  },
): FreeMemory {
  const offered = (
    reserve: typeof ramReserve,
    memory: {
      readonly totalBytes: number;
      readonly freeBytes: number;
      readonly configuredBytes: number | undefined;
      readonly mostBytes: number | undefined;
    },
  ): number => {
    const { totalBytes, freeBytes, configuredBytes, mostBytes } = memory;
    const kept = reserveBytes(reserve, { totalBytes, configuredBytes, isOwnerHere: false });
    const none = { ownBytes: 0, othersBytes: undefined };
    return offerNow({ ...none, totalBytes, freeBytes, reserveBytes: kept, mostBytes });
  };
  const { vramReserveBytes, ramReserveBytes, maxVramBytes, maxRamBytes } = settings;
  const ram = offered(ramReserve, {
    ...{ totalBytes: ramBytes, freeBytes: freeRamBytes },
    ...{ configuredBytes: ramReserveBytes, mostBytes: maxRamBytes },
  });
  const lent = settings.gpu === "off" ? [] : gpus;
  const vram = lent.map(({ vramBytes: totalBytes, freeVramBytes: freeBytes, isUnified }) =>
    isUnified === true
      ? Math.min(freeBytes, ram)
      : offered(vramReserve, {
          ...{ totalBytes, freeBytes },
          ...{ configuredBytes: vramReserveBytes, mostBytes: maxVramBytes },
        }),
  );
  return { vramBytes: vram.reduce((sum, each) => sum + each, 0), ramBytes: ram, gpus: lent.length };
}
