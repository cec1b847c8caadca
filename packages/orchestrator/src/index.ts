export { checkRedis } from "./adapters/redis/check.ts";
export { findRedisExecutable } from "./adapters/redis/executable.ts";
export { type RunningOrchestrator, startOrchestrator } from "./compose.ts";
export {
  loadOrchestratorConfig,
  type OrchestratorConfig,
  type OrchestratorOverrides,
} from "./config.ts";
export {
  fleetMetrics,
  healthMetrics,
  type MetricDefinition,
  metricDefinitions,
  queueMetrics,
  requestMetrics,
  workerMetrics,
} from "./core/metrics/definitions.ts";
export { version } from "./version.ts";
