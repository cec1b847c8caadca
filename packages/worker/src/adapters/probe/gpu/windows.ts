import { type Clock, type Env, type Log, systemClock } from "@muster/base";
import type { GpuProcess, GpuReading, GpuTelemetry } from "../../../ports/gpu-telemetry.ts";
import { startToolLoop } from "./tool-loop.ts";

/**
 * One PowerShell that stays and says, every two seconds, what Windows counts for every maker's GPUs: these classes have
 * the same names in every language, unlike the paths of Get-Counter.
 */
const script = `
$ErrorActionPreference = 'Stop'
$base = 'Win32_PerfFormattedData_GPUPerformanceCounters_'
while ($true) {
  $said = @{
    adapters = @(Get-CimInstance ($base + 'GPUAdapterMemory') | Select-Object Name, DedicatedUsage)
    processes = @(Get-CimInstance ($base + 'GPUProcessMemory') | Where-Object DedicatedUsage -gt 0 | Select-Object Name, DedicatedUsage)
    engines = @(Get-CimInstance ($base + 'GPUEngine') | Where-Object UtilizationPercentage -gt 0 | Select-Object Name, UtilizationPercentage)
  }
  [Console]::Out.WriteLine((ConvertTo-Json $said -Depth 3 -Compress))
  Start-Sleep -Seconds 2
}
`;

const maxAgeMs = 10_000;
const silentMs = 30_000;

/** GPUs of any maker on Windows, without a name and a size: an engine that sees one GPU has its numbers here. */
export function createWindowsTelemetry(options: {
  readonly env: Env;
  readonly log: Log;
  readonly clock?: Clock;
}): GpuTelemetry {
  const { env, log, clock = systemClock } = options;
  let last: { readonly readings: readonly GpuReading[]; readonly atMs: number } | undefined;
  const loop = startToolLoop({
    program: "powershell.exe",
    args: ["-NoProfile", "-NonInteractive", "-Command", script],
    env,
    silentMs,
    clock,
    log,
    onLine: (line) => {
      const isUseful = parseJson(line) !== undefined;
      if (isUseful) last = { readings: parseWindowsCounters(line), atMs: clock.nowMs() };
      return isUseful;
    },
  });
  return {
    read: async () => (last !== undefined && clock.nowMs() - last.atMs <= maxAgeMs ? last.readings : []),
    close: () => loop.close(),
  };
}

/** Reads one line of the script: an adapter is named by its LUID, in its own counters and in its programs'. */
export function parseWindowsCounters(line: string): GpuReading[] {
  const said = parseJson(line);
  const used = new Map<string, number>();
  for (const { name, value } of rowsOf(said, "adapters", "DedicatedUsage")) {
    const luid = luidOf(name);
    if (luid !== undefined) used.set(luid, (used.get(luid) ?? 0) + value);
  }
  const processes = new Map<string, GpuProcess[]>();
  for (const { name, value } of rowsOf(said, "processes", "DedicatedUsage")) {
    const luid = luidOf(name);
    const pid = /^pid_(\d+)_/.exec(name)?.[1];
    if (luid === undefined || pid === undefined) continue;
    processes.set(luid, [
      ...(processes.get(luid) ?? []),
      { pid: Number(pid), bytes: value, name: undefined },
    ]);
  }
  // As the Task Manager has it: the busiest engine of a GPU, all programs together.
  const engines = new Map<string, number>();
  for (const { name, value } of rowsOf(said, "engines", "UtilizationPercentage")) {
    const engine = /_(luid_0x[0-9a-f]+_0x[0-9a-f]+_phys_\d+_eng_\d+)/i.exec(name)?.[1]?.toLowerCase();
    if (engine !== undefined) engines.set(engine, (engines.get(engine) ?? 0) + value);
  }
  const isTold = Array.isArray(fieldOf(said, "engines"));
  // Without memory of its own: Windows' software adapter, and GPUs that use the machine's.
  return [...used]
    .filter(([, bytes]) => bytes > 0)
    .map(([luid, usedBytes]) => {
      const busiest = Math.max(
        0,
        ...[...engines].flatMap(([name, percent]) => (name.startsWith(luid) ? percent : [])),
      );
      return {
        ...{ maker: undefined, name: undefined, uuid: undefined, driverVersion: undefined },
        ...{ totalBytes: undefined, freeBytes: undefined, usedBytes },
        processes: processes.get(luid) ?? [],
        utilization: isTold ? Math.min(1, busiest / 100) : undefined,
        ...{ temperatureCelsius: undefined, watts: undefined, limitWatts: undefined },
      };
    });
}

function luidOf(name: string): string | undefined {
  return /(luid_0x[0-9a-f]+_0x[0-9a-f]+)/i.exec(name)?.[1]?.toLowerCase();
}

function rowsOf(said: unknown, key: string, field: string): { name: string; value: number }[] {
  const rows = fieldOf(said, key);
  if (!Array.isArray(rows)) return [];
  return rows.flatMap((row: unknown) => {
    const { Name: name, [field]: value } = (row ?? {}) as { readonly Name?: unknown } & Readonly<
      Record<string, unknown>
    >;
    return typeof name === "string" && typeof value === "number" && value >= 0 ? [{ name, value }] : [];
  });
}

function fieldOf(said: unknown, key: string): unknown {
  return (said as Readonly<Record<string, unknown>> | undefined)?.[key];
}

function parseJson(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
