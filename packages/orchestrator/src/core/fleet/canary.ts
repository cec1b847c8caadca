import type { GoldenPrompt } from "@muster/models";
import type { Replica, WorkerView } from "./worker.ts";

/** `on`: whatever loads model files. `all`: also upstreams and the stub engine. */
export const canaryModes = ["on", "off", "all"] as const;
export type CanaryMode = (typeof canaryModes)[number];

/** What these answer is no word of a model file on that machine. */
const enginesOfOthers: ReadonlySet<string> = new Set(["stub", "openai"]);

export function isAskedToProve({ engine, modelUri }: Replica, mode: CanaryMode): boolean {
  if (mode === "on") return !enginesOfOthers.has(engine) && !modelUri.startsWith("openai:");
  return mode === "all";
}

/**
 * What a proof holds for: this file on this machine with these drivers and this engine, asked these questions. Whatever
 * of it changes, the replica is asked again.
 */
export function fingerprintOf(
  worker: Pick<WorkerView, "id" | "hardware">,
  replica: Replica,
  golden: readonly GoldenPrompt[],
): string {
  const { modelSha256, modelUri, fileBytes, variant, engine, engineVersion, backend } = replica;
  return JSON.stringify([
    worker.id,
    modelSha256 ?? [modelUri, fileBytes],
    variant ?? null,
    [engine, engineVersion ?? null, backend],
    // All layers on the GPU is other code than some of them, or none.
    replica.layers === 0 ? null : replica.gpuLayers >= replica.layers ? "all" : replica.gpuLayers,
    worker.hardware.gpus.map(({ name, driverVersion }) => [name, driverVersion ?? null]),
    golden.map(({ prompt, expects }) => [prompt, expects]),
  ]);
}

/** The first answer of an engine waits for what it compiles and reads. */
const firstAnswerMs = 10_000;
const mostPatienceMs = 180_000;
/** Of a prompt with its template, at most. */
const usualPromptTokens = 60;
/** A slow machine reads so much of its memory; every token reads the file once. */
const slowBytesPerSecond = { cpu: 3e9, gpu: 30e9 } as const;

/** How long an answer of so many tokens may take on this replica before it counts as not given. */
export function patienceMs(replica: Pick<Replica, "backend" | "fileBytes">, tokens: number): number {
  const speed = slowBytesPerSecond[replica.backend === "cpu" ? "cpu" : "gpu"];
  const tokenMs = (replica.fileBytes * 1000) / speed;
  return Math.min(mostPatienceMs, firstAnswerMs + tokenMs * (tokens + usualPromptTokens / 4));
}

/** What is known of a replica after it was asked. */
export type CanaryVerdict =
  | { readonly kind: "passed" }
  /** With a sentence that says which question and what came. */
  | { readonly kind: "wrong"; readonly reason: string }
  /** Nothing is known: the question had no answer that could be judged. */
  | { readonly kind: "unasked"; readonly reason: string };

const patience = { baseMs: 2_000, maxMs: 10 * 60_000 } as const;
/** A wrong one is asked again so much later: a driver may have been put right. */
export const quarantineMs = patience.maxMs;

/** When a replica is asked again that did not pass; `tries` so far without an answer, from 1. */
export function askAgainMs(verdict: Exclude<CanaryVerdict, { kind: "passed" }>, tries: number): number {
  if (verdict.kind === "wrong") return quarantineMs;
  return Math.min(patience.maxMs, patience.baseMs * 2 ** Math.min(30, tries - 1));
}
