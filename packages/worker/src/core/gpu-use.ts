import type { Gpu, GpuLoad } from "@muster/base";
import type { GpuReading } from "./idle-policy.ts";

/** A desktop and its browser take some memory of a GPU; what takes more is a program that somebody uses. */
const desktopBytes = 1.5 * 1024 ** 3;
const desktopShare = 0.15;
/** A GPU that works so much while we do nothing works for others. */
const busyShare = 0.3;

/** Whether programs of others use the GPUs. What a driver does not tell is unknown. */
export function gpuUse(
  gpus: readonly Gpu[],
  loads: readonly GpuLoad[] | undefined,
  { isAtWork }: { /** We run an attempt. */ readonly isAtWork: boolean },
): GpuReading {
  if (gpus.length === 0) return { isUsedByOthers: false };
  let isUnknown = false;
  for (const [at, { vramBytes }] of gpus.entries()) {
    const load = loads?.[at];
    const others = load?.othersBytes;
    if (load === undefined || others === undefined) isUnknown = true;
    else if (others > Math.max(desktopBytes, desktopShare * vramBytes)) return { isUsedByOthers: true };
    if (!isAtWork && (load?.utilization ?? 0) > busyShare) return { isUsedByOthers: true };
  }
  return { isUsedByOthers: isUnknown ? "unknown" : false };
}
