import { existsSync } from "node:fs";
import type { Env } from "@muster/base";
import { benchBesidePeople } from "./beside-people.ts";
import { benchRealModel } from "./real-model.ts";
import { benchThroughput } from "./throughput.ts";

const parts = ["throughput", "people", "model"] as const;

/**
 * `npm run bench -- batch [throughput] [people] [model] [--lines=10000,100000]`: what batches cost, what people beside
 * them notice, and what a real model (MUSTER_MODEL) makes of them.
 */
export async function benchBatch(
  args: readonly string[],
  env: Env,
  print: (row: string[]) => void,
): Promise<void> {
  const named = parts.filter((part) => args.includes(part));
  const runs = (part: (typeof parts)[number]) => named.length === 0 || named.includes(part);
  if (runs("throughput")) await benchThroughput(sizesIn(args), print);
  if (runs("people")) await benchBesidePeople(print);
  if (!runs("model")) return;
  const modelPath = env["MUSTER_MODEL"] ?? "";
  if (!existsSync(modelPath))
    throw new Error("Set MUSTER_MODEL to a GGUF file for the batch bench on a model.");
  await benchRealModel(modelPath, print);
}

function sizesIn(args: readonly string[]): readonly number[] {
  const given = args.find((arg) => arg.startsWith("--lines="))?.slice("--lines=".length);
  const sizes = (given ?? "100000").split(",").map(Number);
  if (sizes.every((size) => Number.isInteger(size) && size > 0)) return sizes;
  throw new Error(`--lines takes whole numbers with commas between, not "${given}".`);
}
