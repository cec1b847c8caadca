import { modelParts } from "../../core/model-parts.ts";
import { type MemoryProfileResult, memoryProfile } from "../../core/sizing/memory-profile.ts";
import { readGgufFile } from "./gguf-file.ts";

/**
 * What a model on disk needs of memory, from the headers of all its files.
 * Throws MusterError `model_load_failed` for a file that is no GGUF file, or is cut short.
 */
export async function readModelProfile(path: string): Promise<MemoryProfileResult> {
  const [first = path, ...rest] = modelParts(path);
  const header = await readGgufFile(first);
  const parts = [];
  for (const part of rest) parts.push(await readGgufFile(part));
  return memoryProfile(header, parts);
}
