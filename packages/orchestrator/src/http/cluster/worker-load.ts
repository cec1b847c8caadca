import {
  costPerMillionTokens,
  type Energy,
  tokensPerWattHour,
  wattHours,
  wattSources,
  wattsOf,
} from "../../core/fleet/energy.ts";
import { vramOfGpu } from "../../core/fleet/vram.ts";
import type { WorkerView } from "../../core/fleet/worker.ts";

/** A worker's GPUs, as they are and as busy as they are now; null is what their driver does not tell. */
export function gpuBodies({ hardware, load }: WorkerView) {
  return hardware.gpus.map((gpu, at) => {
    const now = load?.gpus?.[at];
    const { totalBytes, freeBytes, oursBytes, othersBytes, offeredBytes } = vramOfGpu(gpu, now);
    return {
      name: gpu.name,
      vram_bytes: totalBytes,
      free_vram_bytes: freeBytes,
      used_by_muster_bytes: oursBytes ?? null,
      used_by_others_bytes: othersBytes ?? null,
      offered_vram_bytes: offeredBytes ?? null,
      utilization: now?.utilization === undefined ? null : round(now.utilization, 2),
      temperature_celsius: now?.temperatureCelsius === undefined ? null : round(now.temperatureCelsius, 1),
      watts: now?.watts === undefined ? null : round(now.watts, 1),
      uuid: gpu.uuid ?? null,
      driver_version: gpu.driverVersion ?? null,
      is_unified: gpu.isUnified ?? false,
    };
  });
}

/** Null for a worker of which nothing has ever told what it draws. */
export function energyBody(worker: WorkerView, energy: Energy, pricePerKwh: number | undefined) {
  const watts = worker.state === "lost" ? undefined : wattsOf(worker.load);
  if (watts === undefined && energy.joules === 0) return null;
  return {
    watts: watts === undefined ? null : round(watts, 1),
    /** Which parts tell. */
    sources: wattSources(worker.load),
    idle_watts: energy.idleWatts === undefined ? null : round(energy.idleWatts, 1),
    ...energySums(energy, pricePerKwh),
  };
}

export function energySums(
  energy: Pick<
    Energy,
    "joules" | "workingJoules" | "measuredTokens" | "promptTokens" | "completionTokens" | "lentMs"
  >,
  pricePerKwh: number | undefined,
) {
  const perWattHour = tokensPerWattHour(energy);
  const cost = costPerMillionTokens(perWattHour, pricePerKwh);
  return {
    watt_hours: round(wattHours(energy.joules), 3),
    watt_hours_working: round(wattHours(energy.workingJoules), 3),
    prompt_tokens: energy.promptTokens,
    completion_tokens: energy.completionTokens,
    tokens_per_watt_hour: perWattHour === undefined ? null : round(perWattHour, 1),
    cost_per_million_tokens: cost === undefined ? null : round(cost, 4),
    seconds_lent: Math.round(energy.lentMs / 1_000),
  };
}

export function round(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}
