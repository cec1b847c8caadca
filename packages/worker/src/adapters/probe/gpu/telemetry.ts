import { type Clock, type Env, type Log, systemClock } from "@muster/base";
import type { GpuReading, GpuTelemetry } from "../../../ports/gpu-telemetry.ts";
import { runTool } from "../run-tool.ts";
import { ioregArguments, parseIoreg } from "./apple.ts";
import { createDrmTelemetry } from "./drm.ts";
import { createNvidiaTelemetry } from "./nvidia.ts";
import { parseRocmSmi, rocmSmiArguments } from "./rocm-smi.ts";
import { createWindowsTelemetry } from "./windows.ts";

export interface GpuTelemetryOptions {
  /** What the tools are started with. */
  readonly env: Env;
  /** Those that the engine may use, as the driver counts them; undefined: all. */
  readonly gpus: readonly number[] | undefined;
  readonly log: Log;
  readonly clock?: Clock;
  readonly platform?: NodeJS.Platform;
}

const ioregEveryMs = 5_000;
/** It is written in Python, and takes a third of a second of a core. */
const rocmSmiEveryMs = 15_000;

/** Every maker's GPUs, with what this system has for them. */
export function createGpuTelemetry(options: GpuTelemetryOptions): GpuTelemetry {
  const { clock = systemClock, env, log } = options;
  const platform = options.platform ?? process.platform;
  switch (platform) {
    case "linux":
      return together(
        createNvidiaTelemetry({ ...options, clock, platform }),
        createLinuxTelemetry(env, clock),
      );
    case "darwin":
      return polled(clock, ioregEveryMs, async () =>
        parseIoreg((await runTool("ioreg", ioregArguments, env)) ?? ""),
      );
    case "win32":
      return firstThatKnows(
        createNvidiaTelemetry({ ...options, clock, platform }),
        createWindowsTelemetry({ env, log, clock }),
      );
    default:
      return createNvidiaTelemetry({ ...options, clock, platform });
  }
}

/** sysfs; where it has no memory of any card, as in some containers, `rocm-smi` is asked. */
function createLinuxTelemetry(env: Env, clock: Clock): GpuTelemetry {
  const drm = createDrmTelemetry({ clock });
  let isMissing = false;
  const rocm = polled(clock, rocmSmiEveryMs, async () => {
    if (isMissing) return [];
    const text = await runTool("rocm-smi", rocmSmiArguments, env);
    isMissing = text === undefined;
    return parseRocmSmi(text ?? "");
  });
  return {
    async read(ownPids) {
      const readings = await drm.read(ownPids);
      if (readings.some(({ totalBytes }) => totalBytes !== undefined)) return readings;
      const others = await rocm.read();
      return others.length > 0 ? others : readings;
    },
    close: () => drm.close(),
  };
}

function together(...sources: readonly GpuTelemetry[]): GpuTelemetry {
  return {
    read: async (ownPids) => (await Promise.all(sources.map((source) => source.read(ownPids)))).flat(),
    close: async () => void (await Promise.all(sources.map((source) => source.close()))),
  };
}

/** Two that tell of the same GPUs: the first knows more, where it works at all. */
function firstThatKnows(first: GpuTelemetry, second: GpuTelemetry): GpuTelemetry {
  const both = together(first, second);
  return {
    async read(ownPids) {
      const readings = await first.read(ownPids);
      return readings.length > 0 ? readings : second.read(ownPids);
    },
    close: () => both.close(),
  };
}

/** Asks again when the answer is older than `everyMs`. */
function polled(clock: Clock, everyMs: number, ask: () => Promise<readonly GpuReading[]>): GpuTelemetry {
  let last: { readonly readings: readonly GpuReading[]; readonly atMs: number } | undefined;
  return {
    async read() {
      if (last === undefined || clock.nowMs() - last.atMs >= everyMs) {
        last = { readings: await ask(), atMs: clock.nowMs() };
      }
      return last.readings;
    },
    close: async () => {},
  };
}
