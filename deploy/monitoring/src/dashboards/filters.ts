import type { Where } from "../promql.ts";

/** The variables of the dashboards, as labels. */
export const ofModel: Where = { model: { matches: "$model" } };
export const ofWorker: Where = { worker: { matches: "$worker" } };

/** Grafana makes it at least four scrapes long. */
export const window = "$__rate_interval";
