import { describe, expect, it } from "vitest";
import { untilSuiteEnds } from "../harness/cluster.ts";
import { runProof } from "./run-proof.ts";

/** The seed of a run that failed repeats its injuries: MUSTER_PROOF_SEED=17 npm test -- faults. */
const seed = Number(process.env["MUSTER_PROOF_SEED"] ?? 1);
const lines = Number(process.env["MUSTER_PROOF_LINES"] ?? 20_000);

describe("a batch while workers, orchestrators, Redis and the network fail", () => {
  const atEnd = untilSuiteEnds();

  it(`has every line's own answer once, in order, and adds up (seed ${seed})`, async () => {
    const say = (words: string) => process.stdout.write(`  ${words}\n`);
    const proof = await runProof({ seed, lines, say }, atEnd);
    say(JSON.stringify(proof));
    expect(proof.problems).toEqual([]);
    expect(proof.isSecondAssemblyTheSame).toBe(true);
    expect(proof.lateInjuries).toBe(0);
    expect(proof.generations).toBeGreaterThan(1);
  });
});
