import { createPinoLog } from "@muster/base";
import { loadOrchestratorConfig, startOrchestrator } from "@muster/orchestrator";

// An orchestrator with the heartbeats of a large fleet. Argument: its data directory.

const [, , dataDirectory = ""] = process.argv;
const config = loadOrchestratorConfig({
  ...{ port: 0, fleetPort: 0, host: "127.0.0.1", fleetHost: "127.0.0.1" },
  ...{ dataDirectory, heartbeatIntervalMs: 5_000, drainMs: 1_000 },
});
const orchestrator = await startOrchestrator(config, {
  log: createPinoLog({ level: "error", service: "orchestrator" }),
});
console.log(`ready ${orchestrator.url} ${orchestrator.fleetAddress}`);
process.once("SIGTERM", () => {
  void orchestrator.stop().then(() => process.exit(0));
});
