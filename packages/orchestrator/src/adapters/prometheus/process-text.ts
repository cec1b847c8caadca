import { collectDefaultMetrics, Registry } from "prom-client";

/** The usual metrics of a Node process: `muster_process_...`, `muster_nodejs_...`. */
export function createProcessText(): { read(): Promise<string>; close(): void } {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: "muster_" });
  return { read: () => registry.metrics(), close: () => registry.clear() };
}
