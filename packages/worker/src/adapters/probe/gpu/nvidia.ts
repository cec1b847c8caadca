import { type Clock, type Env, type Log, systemClock } from "@muster/base";
import type { GpuProcess, GpuReading, GpuTelemetry } from "../../../ports/gpu-telemetry.ts";
import { runTool } from "../run-tool.ts";
import { createProcessLineParser, gpuQuery, type IndexedReading, parseGpuLine } from "./nvidia-output.ts";
import { startToolLoop } from "./tool-loop.ts";

export interface NvidiaOptions {
  readonly env: Env;
  /** Those that the engine may use, as `nvidia-smi` counts them; undefined: all. */
  readonly gpus: readonly number[] | undefined;
  readonly clock?: Clock;
  readonly log: Log;
  readonly program?: string;
  /** How often the driver is asked. */
  readonly everyMs?: number;
  readonly platform?: NodeJS.Platform;
}

const defaultEveryMs = 1_000;
/** Readings that are older than so many turns are not what is now. */
const maxAgeTurns = 3;
const leastSilentMs = 10_000;
/** Where the loop says nothing, which some pipes and drivers do: a process for each reading, and less often. */
const askAgainMs = 5_000;

interface Kept<T> {
  readonly value: T;
  readonly atMs: number;
}

/** NVIDIA's driver, through two long-lived processes of its `nvidia-smi`: one for the GPUs, one for their programs. */
export function createNvidiaTelemetry(options: NvidiaOptions): GpuTelemetry {
  const { env, log, clock = systemClock, program = "nvidia-smi", everyMs = defaultEveryMs } = options;
  const platform = options.platform ?? process.platform;
  const maxAgeMs = maxAgeTurns * everyMs + 1_000;
  const silentMs = Math.max(leastSilentMs, 5 * everyMs);
  const chosen = options.gpus === undefined ? [] : ["-i", options.gpus.join(",")];
  const gpus = new Map<number, Kept<IndexedReading>>();
  const processes = new Map<string, Kept<{ readonly gpuIndex: number; readonly process: GpuProcess }>>();
  const keepGpu = (line: string) => {
    const reading = parseGpuLine(line);
    if (reading !== undefined) gpus.set(reading.index, { value: reading, atMs: clock.nowMs() });
    return reading !== undefined;
  };
  const common = { program, env, clock, log, silentMs };
  const gpuLoop = startToolLoop({
    ...common,
    args: [...chosen, ...gpuQuery, "-lms", String(everyMs)],
    onLine: keepGpu,
  });

  const parseProcess = createProcessLineParser();
  /** By GPU: when it was listed last, with programs or without. */
  const listed = new Map<number, number>();
  // Only on Linux there is a list of programs with their memory, graphics included.
  const processLoop =
    platform !== "linux"
      ? undefined
      : startToolLoop({
          ...common,
          args: ["pmon", ...chosen, "-s", "m", "-d", String(Math.max(1, Math.round(everyMs / 1_000)))],
          onLine: (line) => {
            const found = parseProcess(line);
            if (found === undefined) return false;
            const { gpuIndex, process } = found;
            listed.set(gpuIndex, clock.nowMs());
            if (process === undefined) return true;
            processes.set(`${gpuIndex}:${process.pid}`, {
              value: { gpuIndex, process },
              atMs: clock.nowMs(),
            });
            return true;
          },
        });

  // The first one is asked for at once: what others have is to be known before we take anything.
  let askedAtMs = Number.NEGATIVE_INFINITY;
  const askOnce = async () => {
    const nowMs = clock.nowMs();
    if (gpuLoop.isMissing() || nowMs - askedAtMs < askAgainMs) return;
    askedAtMs = nowMs;
    const text = await runTool(program, [...chosen, ...gpuQuery], env);
    for (const line of text?.split("\n") ?? []) keepGpu(line);
  };

  return {
    async read() {
      if (!gpuLoop.isSpeaking()) await askOnce();
      const nowMs = clock.nowMs();
      const isFresh = (atMs: number | undefined, limitMs = maxAgeMs) =>
        atMs !== undefined && nowMs - atMs <= limitMs;
      for (const [key, { atMs }] of processes) if (!isFresh(atMs)) processes.delete(key);
      return [...gpus.values()]
        .filter(({ atMs }) => isFresh(atMs, gpuLoop.isSpeaking() ? maxAgeMs : askAgainMs + maxAgeMs))
        .sort((a, b) => a.value.index - b.value.index)
        .map(({ value: { index, ...reading } }): GpuReading => {
          const isListed = isFresh(listed.get(index));
          const own = [...processes.values()].filter(({ value }) => value.gpuIndex === index);
          return { ...reading, processes: isListed ? own.map(({ value }) => value.process) : undefined };
        });
    },
    async close() {
      await Promise.all([gpuLoop.close(), processLoop?.close()]);
    },
  };
}
