import { createPinoLog } from "@muster/base";
import { loadOrchestratorConfig, startOrchestrator } from "@muster/orchestrator";

// An orchestrator whose one key has limits, or none. Arguments: its data directory, and "free", "minute" or "places".

const plenty = 1_000_000_000;
const minute = { requestsPerMinute: plenty, tokensPerMinute: plenty, tokensPerMonth: plenty * 1_000 };
const limits = { free: {}, minute, places: { ...minute, concurrency: plenty } };

const [, , dataDirectory = "", given] = process.argv;
const kind = given === "minute" || given === "places" ? given : "free";
const config = loadOrchestratorConfig({
  ...{ port: 0, fleetPort: 0, host: "127.0.0.1", fleetHost: "127.0.0.1" },
  ...{ dataDirectory, drainMs: 1_000, isPlacing: false, operatorLimits: limits[kind] },
});
const orchestrator = await startOrchestrator(config, {
  log: createPinoLog({ level: "error", service: "orchestrator" }),
});
console.log(`ready ${orchestrator.url} ${orchestrator.fleetAddress} ${orchestrator.redisAddress}`);
process.once("SIGTERM", () => {
  void orchestrator.stop().then(() => process.exit(0));
});
