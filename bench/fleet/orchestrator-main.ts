import { createPinoLog } from "@muster/base";
import { loadOrchestratorConfig, startOrchestrator } from "@muster/orchestrator";

// An orchestrator with the heartbeats of a large fleet. Arguments: its data directory, the fleet port (0: any), and `on`
// where workers need certificates.

const [, , dataDirectory = "", fleetPort = "0", fleetTls = "auto"] = process.argv;
const config = loadOrchestratorConfig({
  ...{ port: 0, fleetPort: Number(fleetPort), host: "127.0.0.1", fleetHost: "127.0.0.1" },
  fleetTls: fleetTls === "on" ? "on" : "auto",
  ...{ dataDirectory, heartbeatIntervalMs: 5_000, drainMs: 1_000 },
});
const orchestrator = await startOrchestrator(config, {
  log: createPinoLog({ level: "error", service: "orchestrator" }),
});
console.log(`ready ${orchestrator.url} ${orchestrator.fleetAddress}`);
process.once("SIGTERM", () => {
  void orchestrator.stop().then(() => process.exit(0));
});
