import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeTinyGguf } from "./tiny-gguf.mjs";

const directory = fileURLToPath(new URL("../../node_modules/.cache/muster/", import.meta.url));

/** The path of the tiny model of random weights; written where it is missing or old, always with the same bytes. */
export async function tinyModel(): Promise<string> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, "muster-tiny-random.gguf");
  await writeTinyGguf(path);
  return path;
}
