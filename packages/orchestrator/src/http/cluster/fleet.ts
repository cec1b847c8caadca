import type { FastifyInstance } from "fastify";
import { summarize } from "../../core/fleet/summary.ts";
import type { HttpDeps } from "../http-deps.ts";
import { energySums, round } from "./worker-load.ts";

/** The cluster API's view of all workers of this orchestrator together. */
export function fleetRoute(
  app: FastifyInstance,
  deps: Pick<HttpDeps, "fleet" | "energy" | "pricePerKwh">,
): void {
  app.get("/cluster/v1/fleet", { config: { scope: "read" } }, () => {
    const summary = summarize(deps.fleet.workers(), deps.energy.all());
    const { vram, watts } = summary;
    return {
      object: "fleet",
      workers: summary.workers,
      slots: { total: summary.slots, used: summary.slotsUsed },
      gpus: summary.gpus,
      vram: {
        total_bytes: vram.totalBytes,
        free_bytes: vram.freeBytes,
        used_by_muster_bytes: vram.oursBytes,
        used_by_others_bytes: vram.othersBytes,
        offered_bytes: vram.offeredBytes,
      },
      watts: watts === undefined ? null : round(watts, 1),
      ...energySums(summary, deps.pricePerKwh),
    };
  });
}
