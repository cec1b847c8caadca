import { printableText } from "@muster/base";
import type { Gpu, Worker } from "@muster/sdk";
import { formatBytes, formatCount, formatDuration, formatRate } from "./format.ts";
import { workerWord } from "./worker-state.ts";

type Line = readonly [label: string, value: string];

/** All that is known of one worker, for people: a line for each thing that it tells. */
export function workerDetails(worker: Worker): string {
  const lines = [...machineLines(worker), ...worker.hardware.gpus.flatMap(gpuLines)].concat(
    energyLines(worker),
    worker.replicas.flatMap(replicaLines),
  );
  const width = Math.max(...lines.map(([label]) => label.length));
  return lines.map(([label, value]) => printableText(`${label.padEnd(width)}  ${value}`)).join("\n");
}

function machineLines(worker: Worker): Line[] {
  const { name, id, version, hardware } = worker;
  const { offered_ram_bytes: offered } = worker;
  const cores = `${formatCount(hardware.physical_cores, "core")}, ${formatCount(hardware.logical_cores, "thread")}`;
  const labels = Object.entries(worker.labels ?? {}).map(([label, value]) => `${label}=${value}`);
  return [
    ["name", name],
    ["id", id],
    ["state", workerWord(worker)],
    ["version", version],
    ...optional("labels", labels.length === 0 ? undefined : labels.join(" ")),
    ["machine", `${hardware.hostname}, ${hardware.platform} ${hardware.arch}`],
    ["processor", `${hardware.cpu_model}, ${cores}`],
    [
      "memory",
      `${formatBytes(hardware.free_ram_bytes)} of ${formatBytes(hardware.ram_bytes)} free${offered == null ? "" : `, ${formatBytes(offered)} for Muster`}`,
    ],
    ["backend", hardware.backend],
  ];
}

function gpuLines(gpu: Gpu, at: number): Line[] {
  const parts = [
    `${formatBytes(gpu.vram_bytes)}${gpu.is_unified ? " of main memory" : ""}`,
    ...told(gpu.used_by_muster_bytes, (bytes) => `${formatBytes(bytes)} Muster's`),
    ...told(gpu.used_by_others_bytes, (bytes) => `${formatBytes(bytes)} others'`),
    `${formatBytes(gpu.free_vram_bytes)} free`,
    ...told(gpu.offered_vram_bytes, (bytes) => `${formatBytes(bytes)} for Muster`),
  ];
  const load = [
    ...told(gpu.utilization, (share) => `${Math.round(share * 100)} % busy`),
    ...told(gpu.temperature_celsius, (celsius) => `${Math.round(celsius)} °C`),
    ...told(gpu.watts, (watts) => `${Math.round(watts)} W`),
  ];
  const driver = [...told(gpu.driver_version, (text) => `driver ${text}`), ...told(gpu.uuid, (text) => text)];
  return [
    [`GPU ${at}`, [gpu.name, ...driver].join(", ")],
    ["", parts.join(", ")],
    ...optional("", load.length === 0 ? undefined : load.join(", ")),
  ];
}

function energyLines({ energy }: Worker): Line[] {
  if (energy == null) return [];
  const now = [
    ...told(energy.watts, (watts) => `${Math.round(watts)} W now`),
    ...told(energy.idle_watts, (watts) => `${Math.round(watts)} W when idle`),
    `as told by its ${energy.sources.length === 0 ? "parts" : energy.sources.join(" and ")}`,
  ];
  const cost = told(energy.cost_per_million_tokens, (price) => `${price} for a million tokens`);
  return [
    ["power", now.join(", ")],
    ["energy", `${energy.watt_hours} Wh while connected, ${energy.watt_hours_working} Wh of them working`],
    [
      "tokens",
      [
        `${energy.prompt_tokens.toLocaleString("en-US")} read, ${energy.completion_tokens.toLocaleString("en-US")} written`,
        ...told(energy.tokens_per_watt_hour, (rate) => `${Math.round(rate)} for a watt-hour`),
        ...cost,
      ].join(", "),
    ],
    ["lent", formatDuration(energy.seconds_lent * 1_000)],
  ];
}

function replicaLines(replica: Worker["replicas"][number]): Line[] {
  const { model, state, slots, slots_used, context_tokens, decode_tokens_per_second: rate } = replica;
  const parts = [
    state,
    `${slots_used} of ${formatCount(slots, "slot")} in use`,
    `${formatCount(context_tokens, "token")} of context`,
    ...told(rate, formatRate),
    ...told(replica.error, (error) => error.replace(/\s+/g, " ")),
  ];
  return [["model", `${model}: ${parts.join(", ")}`]];
}

function optional(label: string, value: string | undefined): Line[] {
  return value === undefined ? [] : [[label, value]];
}

function told<T>(value: T | null | undefined, show: (value: T) => string): string[] {
  return value === null || value === undefined ? [] : [show(value)];
}
