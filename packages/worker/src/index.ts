export { type RunningWorker, startWorker, type WorkerHooks } from "./compose.ts";
export { loadWorkerConfig, type ModelOffer, type WorkerConfig, type WorkerOverrides } from "./config.ts";
export { version } from "./version.ts";
