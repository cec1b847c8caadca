import { monitorEventLoopDelay } from "node:perf_hooks";
import { createPinoLog } from "@muster/base";
import { loadOrchestratorConfig, startOrchestrator } from "@muster/orchestrator";
import { type Asked, openGate } from "./metrics-gate.ts";

// An orchestrator whose metrics can be switched off while it runs, and whose event loop is watched: told over IPC.
// Argument: its data directory.

const [, , dataDirectory = ""] = process.argv;
const config = loadOrchestratorConfig({
  ...{ port: 0, fleetPort: 0, host: "127.0.0.1", fleetHost: "127.0.0.1" },
  ...{ dataDirectory, heartbeatIntervalMs: 5_000, drainMs: 1_000 },
});
const gate = openGate();
const orchestrator = await startOrchestrator(config, {
  log: createPinoLog({ level: "error", service: "orchestrator" }),
  beforeMetrics: gate.before,
});
const delay = monitorEventLoopDelay({ resolution: 1 });
process.on("message", ({ kind }: Asked) => {
  if (kind === "longest-block") {
    process.send?.(delay.max / 1e6);
    delay.disable();
    return;
  }
  if (kind === "watch") {
    delay.reset();
    delay.enable();
  } else gate.isOpen = kind === "metrics-on";
  process.send?.(0);
});
console.log(`ready ${orchestrator.url} ${orchestrator.fleetAddress}`);
process.once("SIGTERM", () => {
  void orchestrator.stop().then(() => process.exit(0));
});
