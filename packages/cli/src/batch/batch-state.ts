import { createHash, type Hash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { MusterError } from "@muster/base";
import { writeWholeFile } from "./whole-file.ts";

/** Kept beside an output until it is there: the same command comes back to its batch. */
export interface BatchState {
  /** Of the batch's lines and how they shall run. */
  readonly digest: string;
  readonly inputFileId: string;
  /** Undefined while nobody knows whether there is one. */
  readonly batchId?: string;
  /** What lines that name no model were given. */
  readonly model?: string;
}

export function statePath(output: string): string {
  return `${output}.batch.json`;
}

/** Undefined where there is none. Throws `invalid_request` for a file that is no state. */
export async function readState(output: string): Promise<BatchState | undefined> {
  const path = statePath(output);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new MusterError("invalid_request", `Cannot read ${path}: ${error.message}.`, { cause: error });
  });
  if (text === undefined) return undefined;
  const state = parsed(text);
  if (isState(state)) return state;
  throw new MusterError(
    "invalid_request",
    `${path} is not what \`muster batch run\` left there. Delete it, or name another output.`,
  );
}

export async function writeState(output: string, state: BatchState): Promise<void> {
  const content = async function* () {
    yield `${JSON.stringify(state, undefined, 2)}\n`;
  };
  await writeWholeFile(statePath(output), content());
}

export async function removeState(output: string): Promise<void> {
  await rm(statePath(output), { force: true });
}

/** Of how a batch shall run; its lines are added as they pass. */
export function lineDigest({ endpoint }: { readonly endpoint: string }, settings: object): Hash {
  return createHash("sha256").update(`${JSON.stringify({ endpoint, ...settings })}\n`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isState(value: unknown): value is BatchState {
  if (typeof value !== "object" || value === null) return false;
  const { digest, inputFileId, batchId, model } = value as Readonly<Record<string, unknown>>;
  return (
    [digest, inputFileId].every((text) => typeof text === "string") &&
    [batchId, model].every((text) => text === undefined || typeof text === "string")
  );
}
