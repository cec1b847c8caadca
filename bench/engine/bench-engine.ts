import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Env } from "@muster/base";
import { defaultEngineDirectory, engineBuildState } from "@muster/worker";
import { benchMemory } from "./memory.ts";
import { benchRates } from "./rates.ts";
import { benchSharedPrefix } from "./shared-prefix.ts";
import { type Subject, type SubjectOptions, startLlamaServer, startOurs } from "./subject.ts";

const slots = 16;
const prefixSlots = 8;

/**
 * `npm run bench -- engine [rates] [prefix] [memory] [--threads=n] [--rounds=n] [--seconds=n]`: our engine as it is
 * shipped and as compiled here, against llama-server (MUSTER_LLAMA_SERVER), on MUSTER_MODEL and the CPU.
 */
export async function benchEngine(
  parts: readonly string[],
  env: Env,
  print: (row: string[]) => void,
): Promise<void> {
  const runs = (part: string) =>
    !["rates", "prefix", "memory"].some((p) => parts.includes(p)) || parts.includes(part);
  const threads = numberOption(parts, "threads", 1);
  const modelPath = env["MUSTER_MODEL"] ?? "";
  if ((runs("rates") || runs("prefix")) && !existsSync(modelPath)) {
    throw new Error("Set MUSTER_MODEL to a GGUF file for the engine bench.");
  }
  if (runs("rates")) {
    const rounds = numberOption(parts, "rounds", 5);
    const seconds = numberOption(parts, "seconds", 6);
    await withSubjects({ modelPath, threads, slots, contextTokens: 512 }, env, (subjects) =>
      benchRates(subjects, { rounds, seconds }, print),
    );
  }
  if (runs("prefix")) {
    await withSubjects({ modelPath, threads, slots: prefixSlots, contextTokens: 2048 }, env, (subjects) =>
      benchSharedPrefix(subjects, print),
    );
  }
  if (runs("memory")) await benchTinyMemory(env, print);
}

/** The prebuilt engine, the compiled one where there is one, and llama-server where it is given; the last to compare with. */
async function withSubjects(
  options: SubjectOptions,
  env: Env,
  run: (subjects: readonly Subject[]) => Promise<void>,
): Promise<void> {
  const subjects: Subject[] = [];
  try {
    subjects.push(await startOurs("prebuilt", options));
    const { kind } = await engineBuildState(env);
    if (kind === "built") {
      subjects.push(
        await startOurs("compiled", { ...options, engineDirectory: defaultEngineDirectory(env) }),
      );
    }
    const server = env["MUSTER_LLAMA_SERVER"];
    if (server) subjects.push(await startLlamaServer(server, options));
    await run(subjects);
  } finally {
    for (const subject of subjects) await subject.stop();
  }
}

async function benchTinyMemory(env: Env, print: (row: string[]) => void): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "muster-bench-"));
  const modelPath = join(directory, "tiny.gguf");
  try {
    const { writeTinyGguf } = (await import(
      new URL("../../../test/support/tiny-gguf.mjs", import.meta.url).href
    )) as { writeTinyGguf(path: string): Promise<void> };
    await writeTinyGguf(modelPath);
    const options = { modelPath, threads: 1, slots: prefixSlots, contextTokens: 512 };
    await withSubjects(options, { ...env, MUSTER_LLAMA_SERVER: undefined }, async (subjects) => {
      for (const subject of subjects) await benchMemory(subject, print);
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function numberOption(parts: readonly string[], name: string, fallback: number): number {
  const given = parts.find((part) => part.startsWith(`--${name}=`))?.split("=")[1];
  if (given === undefined) return fallback;
  const value = Number(given);
  if (!Number.isFinite(value) || value <= 0)
    throw new Error(`--${name} takes a positive number, not ${given}.`);
  return value;
}
