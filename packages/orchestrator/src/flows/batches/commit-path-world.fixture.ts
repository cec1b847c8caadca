import { deferred } from "@muster/base";
import fc from "fast-check";
import { createMemoryCommitLedger, type MemoryCommitLedger } from "../../adapters/memory/commit-ledger.ts";
import { isDone } from "../../core/batches/line-bits.ts";
import type { LineResult, LineToken } from "../../core/batches/line-result.ts";
import type { CommitLedger } from "../../ports/commit-ledger.ts";
import { answer, batchId, claim, commitPath } from "./commit-path.fixture.ts";
import { rebuildLedger } from "./rebuild.ts";
import { type AppendFate, MemoryObjectStore } from "./store.fixture.ts";

export const lines = 200;

/** Where a process dies. */
const deaths = [
  "before-append",
  "in-append",
  "after-append",
  "after-commit",
  "before-commit-record",
] as const;
type Death = (typeof deaths)[number];

type Step =
  /** A desk answers some lines that are not done; `tries`: of each, so many at once. */
  | {
      readonly kind: "run";
      readonly desk: number;
      readonly from: number;
      readonly count: number;
      readonly tries: number;
      readonly failing: boolean;
      /** The newest try ends first. */
      readonly isReversed: boolean;
    }
  /** Both desks get the same results, as when a worker sends again. */
  | { readonly kind: "resend"; readonly from: number; readonly count: number }
  | {
      readonly kind: "die";
      readonly desk: number;
      readonly from: number;
      readonly count: number;
      readonly at: Death;
    }
  | { readonly kind: "lose-ledger"; readonly keepers: number }
  /** The desk's commit records get a group of their own. */
  | { readonly kind: "time-passes"; readonly desk: number }
  | { readonly kind: "release"; readonly desk: number }
  | { readonly kind: "store-full"; readonly desk: number; readonly from: number; readonly torn: boolean }
  | { readonly kind: "follow" };

const desk = fc.nat(1);
const from = fc.nat(lines - 1);
const count = fc.integer({ min: 1, max: 40 });
/** Something that happens to a batch. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("run" as const),
      ...{
        desk,
        from,
        count,
        tries: fc.integer({ min: 1, max: 3 }),
        failing: fc.boolean(),
        isReversed: fc.boolean(),
      },
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("resend" as const), from, count }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("die" as const),
      desk,
      from,
      count,
      at: fc.constantFrom(...deaths),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("lose-ledger" as const),
      keepers: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("time-passes" as const), desk }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("release" as const), desk }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("store-full" as const), desk, from, torn: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("follow" as const) }) },
);

/** Two processes, a ledger and a store, and whoever follows the results. */
export class World {
  readonly store = new MemoryObjectStore();
  readonly path = commitPath<MemoryCommitLedger>(this.store, createMemoryCommitLedger());
  readonly #desks = [this.#process(), this.#process()];
  #gen = 0;
  /** What the ledger has taken since it was lost last. */
  readonly taken = new Map<number, LineToken>();
  readonly followed: string[] = [];
  #cursor: string | undefined;

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case "run":
        return this.#run(step);
      case "resend":
        return this.#resend(step);
      case "die":
        return this.#die(step);
      case "lose-ledger":
        this.path.ledger.lose();
        this.taken.clear();
        return this.openLedger(step.keepers);
      case "time-passes":
        await nextTurn();
        this.#desk(step.desk).clock.advance(200);
        return nextTurn();
      case "release":
        return this.#desk(step.desk).desk.release(batchId);
      case "store-full":
        return this.#storeFull(step);
      case "follow":
        return this.follow();
      default:
        return step satisfies never;
    }
  }

  /** Several keepers may try at the same time. */
  async openLedger(keepers: number): Promise<void> {
    const opening = () => rebuildLedger(this.path, { batchId, lines });
    await Promise.all(Array.from({ length: keepers }, opening));
    while ((await this.path.ledger.state(batchId)) === undefined) await opening();
    this.#gen = (await this.path.ledger.state(batchId))?.gen ?? 0;
  }

  /** Answers what is left. */
  async finish(): Promise<void> {
    for (let first = 0; first < lines; first += 50)
      await this.#run({ desk: 0, from: first, count: 50, tries: 1, failing: false, isReversed: false });
  }

  async follow(): Promise<void> {
    const { seen, cursor } = await this.path.follow(this.#cursor);
    this.followed.push(...seen);
    this.#cursor = cursor;
  }

  async #run(how: {
    desk: number;
    from: number;
    count: number;
    tries: number;
    failing: boolean;
    isReversed: boolean;
  }): Promise<void> {
    const tries: LineResult[] = [];
    for (const line of await this.#undone(how.from, how.count))
      for (let one = 0; one < how.tries; one++) {
        const outcome = how.failing && (line + one) % 3 === 0 ? "failed" : "completed";
        tries.push(answer(line, await claim(this.path.ledger, line, this.#gen), outcome));
      }
    if (how.isReversed) tries.reverse();
    await Promise.all(tries.map((result) => this.#submit(how.desk, result)));
  }

  async #resend({ from, count }: { from: number; count: number }): Promise<void> {
    const results: LineResult[] = [];
    for (const line of await this.#undone(from, count))
      results.push(answer(line, await claim(this.path.ledger, line, this.#gen)));
    await Promise.all(results.flatMap((result) => [this.#submit(0, result), this.#submit(1, result)]));
  }

  async #die({
    desk,
    from,
    count,
    at,
  }: {
    desk: number;
    from: number;
    count: number;
    at: Death;
  }): Promise<void> {
    const dying = this.#desk(desk);
    const last = deferred<void>();
    const once = (fate: AppendFate) => () => {
      last.resolve();
      return fate;
    };
    if (at === "before-append") this.store.fate = once("silence");
    if (at === "after-append") this.store.fate = once("done-then-silence");
    if (at === "in-append") this.store.fate = once("torn");
    if (at === "after-commit") dying.isSilent = true;
    const run = this.#run({ desk, from, count, tries: 1, failing: false, isReversed: false }).catch(() => {});
    // Where nothing is left to answer, nothing is appended.
    await Promise.race([run, last.promise, dying.committed.promise]);
    await nextTurn();
    this.store.fate = () => "done";
    this.#desks[desk] = this.#process();
  }

  async #storeFull({ desk, from, torn }: { desk: number; from: number; torn: boolean }): Promise<void> {
    this.store.fate = () => (torn ? "torn" : "fails");
    await this.#run({ desk, from, count: 3, tries: 1, failing: false, isReversed: false }).catch(() => {});
    this.store.fate = () => "done";
  }

  async #submit(desk: number, result: LineResult): Promise<void> {
    const gen = this.#gen;
    const verdict = await this.#desk(desk).desk.submit(batchId, result);
    if (verdict === "ok" && gen === this.#gen) this.taken.set(result.line, result.token);
  }

  async #undone(from: number, count: number): Promise<number[]> {
    const done = await this.path.ledger.done(batchId);
    const range = Array.from({ length: Math.min(count, lines - from) }, (_none, index) => from + index);
    return range.filter((line) => !isDone(done, line));
  }

  #desk(index: number) {
    const found = this.#desks[index];
    if (found === undefined) throw new Error(`there is no desk ${index}`);
    return found;
  }

  /** A process whose ledger can fall silent once it has taken something. */
  #process() {
    const committed = deferred<void>();
    const { ledger } = this.path;
    const seen: CommitLedger = {
      ...ledger,
      async commit(id, of) {
        const verdict = await ledger.commit(id, of);
        if (!process.isSilent) return verdict;
        committed.resolve();
        return deferred<never>().promise;
      },
    };
    const process = { ...this.path.openDesk(seen), committed, isSilent: false };
    return process;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
