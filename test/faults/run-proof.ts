import { type BatchJson, createBatchApi, resultLines } from "../harness/batch-api.ts";
import { type BatchInput, batchInput, problemsOf, wordsPerLine } from "../harness/batch-lines.ts";
import type { AtEnd } from "../harness/cluster.ts";
import { startOffice } from "../harness/office.ts";
import { createRandom } from "../harness/random.ts";
import { chooseInjuries, type InjuryContext } from "./injuries.ts";
import { assembleAgain } from "./second-assembly.ts";
import { storeFacts } from "./store-facts.ts";

export interface ProofOptions {
  readonly seed: number;
  readonly lines: number;
  /** Told of each injury as it is inflicted. */
  readonly say: (words: string) => void;
}

export interface Proof {
  readonly seed: number;
  readonly lines: number;
  readonly seconds: number;
  readonly injuries: number;
  /** Inflicted after the last line was done: they prove nothing. */
  readonly lateInjuries: number;
  /** Results that reached the store: what was run twice counts twice. */
  readonly results: number;
  readonly generations: number;
  /** In words; empty where everything holds. */
  readonly problems: readonly string[];
  readonly isSecondAssemblyTheSame: boolean;
}

const workers = 4;
const slotsPerWorker = 8;
/** What the engines alone take for the batch: enough for every injury to come while it runs. */
const engineSeconds = 75;
const refuseEvery = 401;
/** Injuries begin after, and before, these shares of the lines. */
const firstShare = 0.03;
const lastShare = 0.85;
const withinMs = 600_000;

/** Runs a batch while everything around it fails, by the seed; then counts what came out. */
export async function runProof({ seed, lines, say }: ProofOptions, atEnd: AtEnd): Promise<Proof> {
  const random = createRandom(seed);
  const linesPerSlot = lines / (workers * slotsPerWorker);
  const tokensPerSecond = Math.ceil((linesPerSlot * wordsPerLine) / engineSeconds);
  const office = await startOffice(
    {
      orchestrators: 2,
      workers,
      slots: slotsPerWorker,
      env: { MUSTER_STUB_RATE: String(tokensPerSecond) },
    },
    atEnd,
  );
  const api = createBatchApi({ url: office.url });
  const input = batchInput({ count: lines, seed, refuseEvery });
  const { id } = await api.create((await api.upload(input.text)).id);
  const startedMs = performance.now();
  await api.untilState(id, "in_progress", 60_000);

  const doneLines = ({ request_counts: { completed, failed } }: BatchJson) => completed + failed;
  const untilLines = (count: number, patienceMs: number) =>
    api.until(
      id,
      (batch) => {
        office.checkAccidents();
        return doneLines(batch) >= count;
      },
      patienceMs,
    );
  const context: InjuryContext = {
    office,
    random,
    async advance(count, patienceMs) {
      const before = await api.until(id, () => true, withinMs).then(doneLines);
      await untilLines(before + count, patienceMs).catch(() => {});
    },
  };

  const injuries = chooseInjuries(context);
  let lateInjuries = 0;
  for (const [at, injury] of injuries.entries()) {
    const share = firstShare + ((lastShare - firstShare) * (at + random.below(100) / 100)) / injuries.length;
    const batch = await untilLines(Math.floor(share * lines), withinMs);
    if (batch.status !== "in_progress") lateInjuries += 1;
    say(`${secondsSince(startedMs)} s, ${doneLines(batch)} lines: ${injury.name}`);
    await injury.inflict();
    office.checkAccidents();
  }
  const batch = await api.untilState(id, "completed", withinMs);
  const seconds = secondsSince(startedMs);
  const checked = await checkResults(input, batch, { api, storeDirectory: office.storeDirectory, atEnd });
  const { results, generations } = await storeFacts(office.storeDirectory, id);
  return {
    ...{ seed, lines, seconds, injuries: injuries.length, lateInjuries, results, generations },
    ...checked,
  };
}

async function checkResults(
  input: BatchInput,
  batch: BatchJson,
  {
    api,
    storeDirectory,
    atEnd,
  }: {
    readonly api: ReturnType<typeof createBatchApi>;
    readonly storeDirectory: string;
    readonly atEnd: AtEnd;
  },
): Promise<Pick<Proof, "problems" | "isSecondAssemblyTheSame">> {
  const output = batch.output_file_id === null ? "" : await api.content(batch.output_file_id);
  const errors = batch.error_file_id === null ? "" : await api.content(batch.error_file_id);
  const again = await assembleAgain(storeDirectory, batch, atEnd);
  return {
    problems: problemsOf(input, batch, { output: resultLines(output), errors: resultLines(errors) }),
    isSecondAssemblyTheSame:
      again.output === output &&
      again.errors === errors &&
      again.batch.output_file_id === batch.output_file_id &&
      again.batch.error_file_id === batch.error_file_id,
  };
}

function secondsSince(startedMs: number): number {
  return Math.round((performance.now() - startedMs) / 100) / 10;
}
