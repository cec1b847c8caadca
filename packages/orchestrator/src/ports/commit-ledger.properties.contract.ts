import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchId, commitOf, isBitSet, nothing, sumOf } from "./commit-ledger.fixture.ts";
import type { Commit, CommitLedger, Verdict } from "./commit-ledger.ts";

const lines = 4;
const line = fc.nat({ max: lines - 1 });

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("claim"), line }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("commit"),
      line,
      /** How far below the newest; below zero: not issued yet. */
      age: fc.integer({ min: -1, max: 2 }),
      body: fc.constantFrom("x", "y"),
      outcome: fc.constantFrom("completed", "failed"),
      isCached: fc.boolean(),
      tokens: fc.nat(1_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("fold"), line }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("crash"), line, worker: fc.constantFrom("a", "b") }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reopen") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("close") }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type CommitStep = Extract<Step, { readonly kind: "commit" }>;

/** All that has happened to one line; what the ledger must say follows from it. */
interface History {
  issued: number;
  winner: Commit | undefined;
  isFolded: boolean;
  workers: string[];
}

const untouched = (): History => ({ issued: 0, winner: undefined, isFolded: false, workers: [] });

class Model {
  gen = 1;
  isClosed = false;
  readonly taken: Commit[] = [];
  readonly histories = Array.from({ length: lines }, untouched);

  of(at: number): History {
    return this.histories[at] ?? untouched();
  }

  verdict(commit: Commit): Verdict {
    const { issued, winner, isFolded } = this.of(commit.line);
    const { gen, epoch } = commit.token;
    if (gen !== this.gen) return "fenced";
    if (this.isClosed) return "closed";
    if (winner !== undefined) return !isFolded && winner.sha256 === commit.sha256 ? "already" : "lost";
    if (epoch < 1 || epoch > issued) return "unknown";
    return commit.outcome === "failed" && epoch !== issued ? "fenced" : "ok";
  }

  take(commit: Commit): void {
    this.taken.push(commit);
    Object.assign(this.of(commit.line), { winner: commit, isFolded: false, workers: [] });
  }

  bits(): Uint8Array {
    const sum = this.histories.reduce((bits, { winner }, at) => bits | (winner ? 0x80 >> at : 0), 0);
    return Uint8Array.of(sum);
  }
}

/** Random histories, against a model that keeps everything. `open` gives a ledger with the batch of so many lines. */
export function commitLedgerProperties(name: string, open: (lines: number) => Promise<CommitLedger>): void {
  describe(`${name}: any history of a batch`, () => {
    const fresh = async (ledger: CommitLedger) => {
      await ledger.forget(batchId);
      await ledger.open(batchId, { gen: 1, lines, done: new Uint8Array(), totals: nothing });
    };

    it("is answered as the model says, step by step", async () => {
      const ledger = await open(lines);
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          await fresh(ledger);
          const model = new Model();
          for (const each of steps) await follow(ledger, model, each);
          await compare(ledger, model);
        }),
        { numRuns: 150 },
      );
    });

    it("counts each line once when its steps race", async () => {
      const ledger = await open(lines);
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
          await fresh(ledger);
          // Two claims of each line come first, so that the commits have tokens to race with.
          for (let at = 0; at < 2 * lines; at++) await ledger.claim(batchId, at % lines, 1);
          const taken = await race(ledger, steps);
          expect(new Set(taken.map((commit) => commit.line)).size).toBe(taken.length);
          const state = await ledger.state(batchId);
          expect(state?.totals).toEqual(sumOf(taken));
          const done = await ledger.done(batchId);
          for (let at = 0; at < lines; at++)
            expect(isBitSet(done, at)).toBe(taken.some((commit) => commit.line === at));
        }),
        { numRuns: 100 },
      );
    });
  });
}

function toCommit(
  { line: at, age, body, outcome, isCached, tokens }: CommitStep,
  { gen, newest }: { readonly gen: number; readonly newest: number },
): Commit {
  return commitOf(
    at,
    { gen, epoch: newest - age },
    {
      sha256: body,
      outcome: outcome === "failed" ? "failed" : "completed",
      isCached,
      usage: { promptTokens: tokens },
    },
  );
}

async function follow(ledger: CommitLedger, model: Model, each: Step): Promise<void> {
  switch (each.kind) {
    case "claim":
      return followClaim(ledger, model, each.line);
    case "commit": {
      const commit = toCommit(each, { gen: model.gen, newest: model.of(each.line).issued });
      const expected = model.verdict(commit);
      expect(await ledger.commit(batchId, commit)).toBe(expected);
      if (expected === "ok") model.take(commit);
      return;
    }
    case "fold":
      model.of(each.line).isFolded = true;
      return ledger.fold(batchId, [each.line]);
    case "crash":
      return followCrash(ledger, model, each);
    case "reopen":
      return reopen(ledger, model);
    case "close":
      model.isClosed = true;
      return ledger.close(batchId);
    default:
      each satisfies never;
  }
}

async function followClaim(ledger: CommitLedger, model: Model, at: number): Promise<void> {
  const history = model.of(at);
  const { gen } = model;
  const claim = await ledger.claim(batchId, at, gen);
  if (model.isClosed) return expect(claim).toEqual({ kind: "closed" });
  if (history.winner !== undefined) return expect(claim).toEqual({ kind: "done" });
  history.issued += 1;
  expect(claim).toEqual({
    kind: "claimed",
    token: { gen, epoch: history.issued },
    crashedOn: history.workers,
  });
}

async function followCrash(
  ledger: CommitLedger,
  model: Model,
  { line: at, worker }: Extract<Step, { readonly kind: "crash" }>,
): Promise<void> {
  const history = model.of(at);
  const workers = await ledger.crashed(batchId, at, worker);
  if (history.winner !== undefined) return expect(workers).toEqual([worker]);
  history.workers = [...new Set([...history.workers, worker])];
  expect(workers).toEqual(history.workers);
}

/** As a rebuild does: the next generation begins with what is done. */
async function reopen(ledger: CommitLedger, model: Model): Promise<void> {
  model.gen += 1;
  const start = { gen: model.gen, lines, done: model.bits(), totals: sumOf(model.taken) };
  expect(await ledger.open(batchId, start)).toBe(true);
  for (const history of model.histories) Object.assign(history, { issued: 0, isFolded: true, workers: [] });
}

async function compare(ledger: CommitLedger, model: Model): Promise<void> {
  expect(await ledger.state(batchId)).toEqual({
    status: model.isClosed ? "closed" : "open",
    gen: model.gen,
    lines,
    totals: sumOf(model.taken),
  });
  expect([...(await ledger.done(batchId))]).toEqual([...model.bits()]);
  const kept = model.histories.flatMap(({ winner, isFolded }, at) =>
    winner === undefined || isFolded ? [] : [{ line: at, pointer: winner.pointer }],
  );
  const unfolded = await ledger.unfolded(batchId);
  expect([...unfolded].sort((a, b) => a.line - b.line)).toEqual(kept);
}

/** Sends all steps at once; gives the commits that were taken. */
async function race(ledger: CommitLedger, steps: readonly Step[]): Promise<readonly Commit[]> {
  const taken: Commit[] = [];
  const send = async (each: Step): Promise<unknown> => {
    switch (each.kind) {
      case "claim":
        return ledger.claim(batchId, each.line, 1);
      case "commit": {
        const commit = toCommit(each, { gen: 1, newest: 2 });
        if ((await ledger.commit(batchId, commit)) === "ok") taken.push(commit);
        return;
      }
      case "fold":
        return ledger.fold(batchId, [each.line]);
      case "crash":
        return ledger.crashed(batchId, each.line, each.worker);
      case "reopen":
        return ledger.open(batchId, { gen: 1, lines, done: new Uint8Array(), totals: nothing });
      case "close":
        return ledger.close(batchId);
      default:
        return each satisfies never;
    }
  };
  await Promise.all(steps.map(send));
  return taken;
}
