import type { GpuReading } from "../../../ports/gpu-telemetry.ts";

export const ioregArguments = ["-r", "-d", "1", "-w", "0", "-c", "IOAccelerator"] as const;

/**
 * Reads macOS's `ioreg -c IOAccelerator`: what works without root. Memory is the machine's: it is offered with main
 * memory, and the limit that Metal has is what the engine says its GPU has. `powermetrics` needs root.
 */
export function parseIoreg(text: string): GpuReading[] {
  const readings: GpuReading[] = [];
  for (const block of text.split(/^\+-o /m).slice(1)) {
    const statistics = /"PerformanceStatistics" = \{([\s\S]*?)\}/.exec(block)?.[1];
    if (statistics === undefined) continue;
    const percent = /"Device Utilization %"=(\d+)/.exec(statistics)?.[1];
    readings.push({
      maker: "apple",
      name: /"model" = <?"([^"]+)"/.exec(block)?.[1],
      ...{ uuid: undefined, driverVersion: undefined },
      ...{ totalBytes: undefined, freeBytes: undefined, usedBytes: undefined, processes: undefined },
      utilization: percent === undefined ? undefined : Math.min(1, Number(percent) / 100),
      ...{ temperatureCelsius: undefined, watts: undefined, limitWatts: undefined },
    });
  }
  return readings;
}
