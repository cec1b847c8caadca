import { ManualClock, silentLog } from "@muster/base";
import { expect, it } from "vitest";
import { createHmacLineTickets } from "../../adapters/common/line-tickets.ts";
import { sha256 } from "../../adapters/common/sha256.ts";
import type { AuditEvent } from "../../ports/audit-trail.ts";
import { LateResults } from "./late-results.ts";
import { MemoryObjectStore } from "./store.fixture.ts";
import { ticketSecret } from "./ticket-secret.ts";

const batchId = `batch_${"0".repeat(32)}`;
const attemptId = `${batchId}.0.1.0.1`;
const forged = { workerName: "w", attemptId, epoch: 1, ticket: "0".repeat(32) };
const report = { kind: "failed", code: "engine_failed", message: "no" } as const;

async function start() {
  const store = new MemoryObjectStore();
  const tickets = createHmacLineTickets(await ticketSecret(store, (bytes) => new Uint8Array(bytes).fill(7)));
  const clock = new ManualClock();
  const audited: AuditEvent[] = [];
  const late: unknown[] = [];
  const results = new LateResults({
    ...{ store, tickets, digest: sha256, clock, log: silentLog },
    lines: { late: async (...all) => void late.push(all) },
    audit: { record: (event) => void audited.push(event) },
  });
  const acknowledged: string[] = [];
  const take = (workerId: string, change: Partial<typeof forged> = {}) =>
    results.take({
      ...forged,
      ...change,
      workerId,
      report,
      acknowledge: () => void acknowledged.push(workerId),
    });
  return { take, tickets, clock, audited, late, acknowledged };
}

it("writes a forged result into the audit trail, once a minute for each worker, with how many there were", async () => {
  const { take, clock, audited, late, acknowledged } = await start();
  for (let times = 0; times < 5; times++) await take("w1");
  await take("w2", { ticket: "" });
  expect(acknowledged).toHaveLength(6);
  expect(late).toEqual([]);
  const refusal = { action: "commit.refuse", actor: "worker:w1", target: attemptId };
  expect(audited).toEqual([
    {
      ...refusal,
      details: { epoch: 1, verdict: "fenced", why: "its ticket is not for this worker and line" },
    },
    {
      ...refusal,
      actor: "worker:w2",
      details: { epoch: 1, verdict: "fenced", why: "it has no ticket" },
    },
  ]);
  clock.advance(60_000);
  await take("w1");
  expect(audited[2]).toMatchObject({ ...refusal, details: { moreBefore: 4 } });
});

it("says nothing of an end with its own ticket, nor of one that is of no line", async () => {
  const { take, tickets, audited, acknowledged } = await start();
  await take("w1", { ticket: tickets.issue({ attemptId, epoch: 1, workerId: "w1" }) });
  await take("w1", { attemptId: "req-1" });
  expect(acknowledged).toHaveLength(2);
  expect(audited).toEqual([]);
});

it("knows the tickets of other orchestrators, and makes the secret once", async () => {
  const store = new MemoryObjectStore();
  const first = await ticketSecret(store, (bytes) => new Uint8Array(bytes).fill(1));
  const second = await ticketSecret(store, (bytes) => new Uint8Array(bytes).fill(2));
  expect(second).toEqual(first);
});
