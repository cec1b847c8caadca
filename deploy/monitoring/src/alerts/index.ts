import type { Alert } from "./alert.ts";
import { fleetAlerts } from "./fleet.ts";
import { healthAlerts } from "./health.ts";
import { servingAlerts } from "./serving.ts";

export const alertGroups: readonly {
  readonly name: string;
  readonly title: string;
  readonly alerts: readonly Alert[];
}[] = [
  { name: "muster-serving", title: "Serving people", alerts: servingAlerts },
  { name: "muster-workers", title: "Workers", alerts: fleetAlerts },
  { name: "muster-health", title: "The orchestrator", alerts: healthAlerts },
];

export const alerts: readonly Alert[] = alertGroups.flatMap((group) => group.alerts);
