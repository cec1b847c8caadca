import { createInterface } from "node:readline";
import { createPinoLog } from "@muster/base";
import { loadOrchestratorConfig, startOrchestrator } from "@muster/orchestrator";

// An orchestrator whose one key gets the limits that are named on standard input: "free", "minute" or "places". Argument:
// its data directory.

const plenty = 1_000_000_000;
const minute = { requestsPerMinute: plenty, tokensPerMinute: plenty, tokensPerMonth: plenty * 1_000 };
const kinds = new Map<string, object>([
  ["free", {}],
  ["minute", minute],
  ["places", { ...minute, concurrency: plenty }],
]);
const none = { requestsPerMinute: undefined, tokensPerMinute: undefined, tokensPerMonth: undefined };
const operatorLimits = { ...none, concurrency: undefined };

const [, , dataDirectory = ""] = process.argv;
const config = loadOrchestratorConfig({
  ...{ port: 0, fleetPort: 0, host: "127.0.0.1", fleetHost: "127.0.0.1" },
  ...{ dataDirectory, drainMs: 1_000, isPlacing: false, operatorLimits },
});
const orchestrator = await startOrchestrator(config, {
  log: createPinoLog({ level: "error", service: "orchestrator" }),
});
console.log(`ready ${orchestrator.url} ${orchestrator.fleetAddress} ${orchestrator.redisAddress}`);
createInterface({ input: process.stdin }).on("line", (kind) => {
  Object.assign(operatorLimits, none, { concurrency: undefined }, kinds.get(kind));
  console.log(`now ${kind}`);
});
process.once("SIGTERM", () => {
  void orchestrator.stop().then(() => process.exit(0));
});
