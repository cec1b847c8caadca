import { describe, expect, it } from "vitest";
import { testHardware, testReplica, testReplicaView, testWorkerView } from "../fleet/worker.fixture.ts";
import type { ClusterFacts, ModelFact } from "./facts.ts";
import type { Finding } from "./finding.ts";
import { inOrder, type Known, watch } from "./watch.ts";

const nowMs = Date.UTC(2026, 10, 29, 12);
const dayMs = 86_400_000;
const healthy: ClusterFacts = {
  ...{ nowMs, version: "1.2.0", workersEverywhere: 1, losses: [], models: [], pins: [], disks: [] },
  workers: [testWorkerView({ version: "1.2.0" })],
  redis: { isUp: true, memory: undefined, policy: "noeviction" },
  ...{ objectStoreProblem: undefined, certificates: [], unreadableRecords: 0, batches: [], isOpen: false },
};
const asked: ModelFact = {
  ...{ model: "m", waiting: 1, linesLeft: 0, oldestWaitMs: 0, slots: 0 },
  ...{ comingUp: undefined, unmetBecause: "needs 24 GB, the largest worker, desk, offers 8 GB" },
};

/** What is told once these facts have been so for an hour. */
function told(change: Partial<ClusterFacts>): readonly Finding[] {
  const facts = { ...healthy, ...change };
  const { known } = watch(facts, new Map(), 0);
  return watch(facts, known, 3_600_000).findings;
}

const one = (change: Partial<ClusterFacts>): Finding | undefined => {
  const findings = told(change);
  expect(findings.length).toBeLessThan(2);
  return findings[0];
};

describe("findings", () => {
  it("are none in a healthy cluster", () => {
    expect(told({})).toEqual([]);
  });

  it("name a model that nobody serves, with placement's reason", () => {
    expect(one({ models: [asked] })).toMatchObject({
      ...{ id: "no_worker_for_model:m", severity: "problem" },
      says: "Nobody serves m, and requests wait for it: needs 24 GB, the largest worker, desk, offers 8 GB.",
      fix: expect.stringContaining("muster models plan m"),
    });
    expect(one({ models: [{ ...asked, waiting: 0, linesLeft: 9 }] })?.severity).toBe("note");
    expect(one({ models: [{ ...asked, comingUp: "loading m (10 %)" }] })).toBeUndefined();
    expect(one({ models: [{ ...asked, waiting: 0 }] })).toBeUndefined();
    expect(one({ models: [{ ...asked, unmetBecause: undefined }] })?.says).toContain("no worker has it");
  });

  it("tell of long waits in steps, and know loading from a crowd", () => {
    const crowded = { ...asked, slots: 4, unmetBecause: undefined };
    expect(one({ models: [{ ...crowded, oldestWaitMs: 29_000 }] })).toBeUndefined();
    expect(one({ models: [{ ...crowded, oldestWaitMs: 47_000 }] })?.says).toBe(
      "Requests for m wait for more than 30 seconds: all of its 4 slots are taken.",
    );
    expect(one({ models: [{ ...crowded, oldestWaitMs: 400_000 }] })?.says).toContain("5 minutes");
    const coming = { ...asked, comingUp: "fetching m (10 %)" };
    expect(one({ models: [{ ...coming, oldestWaitMs: 300_000 }] })).toBeUndefined();
    expect(one({ models: [{ ...coming, oldestWaitMs: 700_000 }] })?.says).toContain("still being made ready");
  });

  it("tell of pins that are not met, but not where there is no worker at all", () => {
    const pins = [{ model: "m", wanted: 2, there: 1, unmetBecause: "no other worker has room" }];
    expect(one({ pins })?.says).toBe("m is pinned to 2 replicas, and has 1: no other worker has room.");
    expect(one({ pins: pins.map((pin) => ({ ...pin, there: 2 })) })).toBeUndefined();
    expect(one({ pins, workersEverywhere: 0, workers: [] })?.id).toBe("no_workers");
  });

  it("tell of a worker that was lost, since then, and not of one that has said goodbye", () => {
    const workers = [testWorkerView({ id: "w2", name: "desk-2", state: "lost" })];
    const losses = [
      { workerId: "w2", worker: "desk-2", atMs: nowMs - 90_000, reason: "the connection was lost" },
    ];
    expect(one({ workers, losses })).toEqual({
      ...{ id: "worker_lost:w2", severity: "warning", sinceMs: nowMs - 90_000 },
      says: "The worker desk-2 was lost at 2026-11-29 11:58 UTC: the connection was lost.",
      fix: expect.any(String),
    });
    expect(one({ workers, losses: [] })).toBeUndefined();
    expect(one({ losses })).toBeUndefined();
  });

  it("tell of a worker that comes and goes", () => {
    const loss = { workerId: "w1", worker: "desk", atMs: nowMs, reason: "it said nothing" };
    expect(one({ losses: Array.from({ length: 4 }, () => loss) })).toBeUndefined();
    expect(one({ losses: Array.from({ length: 5 }, () => loss) })?.id).toBe("worker_flapping:w1");
  });

  it("tell of workers of another version together", () => {
    const workers = ["a", "b", "c", "d", "e"].map((name) =>
      testWorkerView({ id: name, name, version: "1.1.0" }),
    );
    expect(one({ workers })).toMatchObject({
      ...{ id: "worker_version:1.1.0", severity: "note" },
      says: "a, b, c and 2 more run version 1.1.0, and this orchestrator 1.2.0.",
    });
  });

  it("tell of replicas that failed, crashed, answer wrongly or are ejected, and not of those that retire", () => {
    const of = (change: Parameters<typeof testReplicaView>[0]) =>
      one({
        workers: [testWorkerView({ version: "1.2.0", name: "desk", replicas: [testReplicaView(change)] })],
      });
    const failure = { code: "internal" as const, message: "the file is damaged." };
    expect(of({ state: "failed", failure })).toMatchObject({
      id: "replica_failed:w1/rep-1",
      says: "m on desk could not be loaded: the file is damaged.",
    });
    expect(of({ state: "crashed" })?.says).toBe("The engine of m on desk has crashed.");
    expect(of({ heldBack: "it answered wrongly", isQuarantined: true })?.severity).toBe("problem");
    expect(of({ breaker: "open", breakerReason: "5 failures" })?.says).toContain("5 failures");
    expect(of({ heldBack: "its golden prompts are awaited" })).toBeUndefined();
    expect(of({ heldBack: "its memory is wanted", isRetiring: true })).toBeUndefined();
  });

  it("tell of hot GPUs, full disks and files that did not arrive, without the address they came from", () => {
    const gpu = { name: "g", vramBytes: 1, freeVramBytes: 1 };
    const hot = {
      ...{ freeVramBytes: 1, othersBytes: 0, offeredBytes: 0, utilization: 1, watts: 1 },
      temperatureCelsius: 93,
    };
    const worker = testWorkerView({ version: "1.2.0", hardware: { ...testHardware, gpus: [gpu] } });
    const load = { freeRamBytes: 1, cpuLoad: 0, gpus: [hot] };
    expect(one({ workers: [{ ...worker, load }] })?.id).toBe("gpu_hot:w1");
    const inventory = { models: [], freeDiskBytes: 1e9, budgetBytes: undefined };
    expect(one({ workers: [{ ...worker, inventory }] })).toBeUndefined();
    expect(one({ workers: [{ ...worker, inventory, takesPlacement: true }] })?.id).toBe("worker_disk:w1");
    const file = { uri: "https://user:secret@host/a/b.gguf?token=x", doneBytes: 0, totalBytes: 1 };
    const fetching = [{ ...file, problem: "status 404" }];
    const stuck = { ...inventory, freeDiskBytes: 1e12, fetching };
    expect(one({ workers: [{ ...worker, inventory: stuck }] })?.says).toBe(
      "w1 could not get b.gguf: status 404.",
    );
  });

  it("tell of Redis that is away, nearly full or throws keys away", () => {
    expect(one({ redis: { ...healthy.redis, isUp: false } })?.id).toBe("redis_away");
    const used = (usedBytes: number) =>
      one({ redis: { ...healthy.redis, memory: { usedBytes, maxBytes: 1e9 } } });
    expect(used(5e8)).toBeUndefined();
    expect(used(7e8)?.severity).toBe("warning");
    expect(used(8e8)).toMatchObject({ severity: "problem", says: expect.stringContaining("(1 GB)") });
    expect(one({ redis: { ...healthy.redis, policy: "allkeys-lru" } })?.id).toBe("redis_policy");
  });

  it("tell of an object store that is away, disks that fill up and records that cannot be read", () => {
    expect(one({ objectStoreProblem: "it said nothing for 10 s" })?.id).toBe("object_store_away");
    const objectStoreProblem =
      "The directory /srv/muster/objects cannot be used (ENOENT: no such file, stat '/srv/muster/objects/health')";
    // Whoever may read is told; where things lie on this machine is not for everybody.
    expect(one({ objectStoreProblem })?.says).not.toContain("/srv");
    const disk = (freeBytes: number) =>
      one({ disks: [{ volume: "objects", freeBytes, neededBytes: 256e6 }] });
    expect(disk(2e9)).toBeUndefined();
    expect(disk(9e8)?.says).toBe("Less than 1 GB are free where files and batches are.");
    expect(disk(1e8)).toMatchObject({ severity: "problem", says: expect.stringContaining("batches wait") });
    expect(one({ unreadableRecords: 1 })?.says).toContain("1 record of keys");
  });

  it("tell of certificates that end, and of those that renew themselves only when they have not", () => {
    const ends = (days: number, certificate: "clients" | "authority", isRenewed = false) =>
      one({ certificates: [{ certificate, isRenewed, endsAtMs: nowMs + days * dayMs }] });
    expect(ends(15, "clients")).toBeUndefined();
    expect(ends(13, "clients")?.says).toContain("ends on 2026-12-12");
    expect(ends(-1, "clients")?.severity).toBe("problem");
    expect(ends(5, "clients", true)).toBeUndefined();
    expect(ends(-1, "clients", true)?.severity).toBe("problem");
    expect(ends(59, "authority")?.fix).toContain("muster trust rotate");
  });

  it("tell of a batch that will be late, to its own tenant", () => {
    const batch = { id: "batch_1", tenant: "t1", expiresAtMs: nowMs, expectedEndAtMs: nowMs + 1 };
    expect(one({ batches: [batch] })).toMatchObject({ id: "batch_late:batch_1", tenant: "t1" });
    expect(one({ batches: [{ ...batch, expectedEndAtMs: nowMs }] })).toBeUndefined();
    expect(one({ batches: [{ ...batch, expectedEndAtMs: undefined }] })).toBeUndefined();
  });

  it("note that nobody needs a key", () => {
    expect(one({ isOpen: true })).toMatchObject({ id: "no_keys", severity: "note" });
  });

  it("wait for their grace, begin anew after a break, and keep their beginning", () => {
    const none = { ...healthy, workersEverywhere: 0, workers: [] };
    let known: Known = new Map();
    const at = (upMs: number, facts: ClusterFacts) => {
      const looked = watch({ ...facts, nowMs: nowMs + upMs }, known, upMs);
      known = looked.known;
      return looked.findings;
    };
    expect(at(0, none)).toEqual([]);
    expect(at(59_000, none)).toEqual([]);
    expect(at(60_000, none)).toMatchObject([{ id: "no_workers", sinceMs: nowMs }]);
    expect(at(90_000, none)).toMatchObject([{ id: "no_workers", sinceMs: nowMs }]);
    expect(at(91_000, healthy)).toEqual([]);
    expect(at(92_000, none)).toEqual([]);
  });

  it("come with the worst first, each once, and so many at most", () => {
    const finding = (id: string, severity: Finding["severity"], sinceMs = 5): Finding => ({
      ...{ id, severity, sinceMs, says: "It is so.", fix: undefined },
    });
    const mixed = [
      finding("b", "note"),
      finding("a", "problem"),
      finding("c", "warning"),
      finding("a", "problem", 3),
    ];
    expect(inOrder(mixed).map(({ id, sinceMs }) => [id, sinceMs])).toEqual([
      ["a", 3],
      ["c", 5],
      ["b", 5],
    ]);
    expect(inOrder(Array.from({ length: 500 }, (_none, at) => finding(`f${at}`, "note")))).toHaveLength(100);
  });

  it("are sentences that say what is so and what to do", () => {
    const everything = told({
      models: [asked],
      pins: [{ model: "p", wanted: 2, there: 0, unmetBecause: "no room." }],
      workers: [testWorkerView({ replicas: [testReplicaView({ ...testReplica(), state: "crashed" })] })],
      redis: { isUp: false, memory: undefined, policy: undefined },
      ...{ objectStoreProblem: "gone.", unreadableRecords: 2, isOpen: true },
    });
    expect(everything.length).toBeGreaterThan(6);
    for (const { says, fix } of everything) {
      expect(says).toMatch(/^\w.*[^.]\.$/);
      expect(fix).toMatch(/\.$/);
    }
  });
});
