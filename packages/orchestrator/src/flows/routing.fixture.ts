import { ManualClock, silentLog } from "@muster/base";
import { testIdentity, testReplica } from "../core/fleet/worker.fixture.ts";
import { laneShares } from "../core/scheduling/lane-shares.ts";
import type { WorkerLink } from "../ports/worker-link.ts";
import { FleetRegistry } from "./fleet-registry.ts";
import type { SlotOutcome } from "./replica-health.ts";

/** A fleet whose replicas take as long as their speeds say, and a clock that runs as they work. */

const silentLink: WorkerLink = { send: () => true, supersede() {}, close() {} };
const stepMs = 20;
const answerTokens = 50;

export interface SimulatedReplica {
  readonly id: string;
  /** Of one sequence, whatever runs beside it. */
  readonly tokensPerSecond: number;
  readonly slots?: number;
}

export function startFleet(replicas: readonly SimulatedReplica[]) {
  const clock = new ManualClock();
  const fleet = new FleetRegistry({ clock, log: silentLog });
  for (const { id, slots = 1 } of replicas) {
    fleet.join(testIdentity({ id, name: id }), silentLink);
    fleet.reportReplica(id, testReplica({ id: `rep-${id}`, slots }));
  }
  return { clock, fleet };
}

/** An answer as a replica of this speed reports it. */
export function answeredAt(tokensPerSecond: number, tokens = answerTokens): SlotOutcome {
  return {
    kind: "answered",
    usage: { promptTokens: 10, cachedTokens: 0, completionTokens: tokens + 1 },
    timings: { prefillMs: 1, decodeMs: (tokens * 1_000) / tokensPerSecond },
  };
}

/** Runs equal lines of a batch as lanes do, each as long as its replica takes; says who ran how many, and how long. */
export async function runBatch(
  { clock, fleet }: ReturnType<typeof startFleet>,
  replicas: readonly SimulatedReplica[],
  lines: number,
): Promise<{ readonly tookMs: number; readonly ran: ReadonlyMap<string, number> }> {
  const speeds = new Map(replicas.map(({ id, tokensPerSecond }) => [id, tokensPerSecond]));
  const ran = new Map(replicas.map(({ id }) => [id, 0]));
  const startedMs = clock.nowMs();
  let taken = 0;
  let done = 0;
  const run = async () => {
    const lease = await fleet.acquire("m", {
      laneClass: "batch",
      ...{ avoid: new Set<string>(), needs: new Set<never>(), signal: new AbortController().signal },
      ...{ promptTokens: 10, maxTokens: answerTokens },
    });
    const speed = speeds.get(lease.workerId) ?? 1;
    ran.set(lease.workerId, (ran.get(lease.workerId) ?? 0) + 1);
    clock.after((answerTokens * 1_000) / speed, () => {
      done += 1;
      lease.release(answeredAt(speed));
    });
  };
  while (done < lines) {
    const { batch } = laneShares(fleet.slots("m"), { patient: fleet.waitingByChoice("m") });
    while (taken < lines && taken - done < batch) {
      taken += 1;
      void run();
    }
    await new Promise((resolve) => setImmediate(resolve));
    if (done < lines) clock.advance(stepMs);
  }
  return { tookMs: clock.nowMs() - startedMs, ran };
}

/** Lines that divide among the replicas without a rest would take so long. */
export function idealMs(replicas: readonly SimulatedReplica[], lines: number): number {
  const together = replicas.reduce((sum, { tokensPerSecond, slots = 1 }) => sum + tokensPerSecond * slots, 0);
  return (lines * answerTokens * 1_000) / together;
}
