import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeTinyGguf } from "./tiny-gguf.mjs";
import { writeTinyEmbedder, writeTinyReranker } from "./tiny-vectors.mjs";
const directory = fileURLToPath(new URL("../../node_modules/.cache/muster/", import.meta.url));
/** The path of the tiny model of random weights; written where it is missing or old, always with the same bytes. */
export function tinyModel() {
    return written("muster-tiny-random.gguf", writeTinyGguf);
}
/** The path of a tiny embedding model: texts that share words are near each other. */
export function tinyEmbedder() {
    return written("muster-tiny-embedder.gguf", writeTinyEmbedder);
}
/** The path of a tiny reranker: its scores mean nothing, and are always the same. */
export function tinyReranker() {
    return written("muster-tiny-reranker.gguf", writeTinyReranker);
}
async function written(name, write) {
    await mkdir(directory, { recursive: true });
    const path = join(directory, name);
    await write(path);
    return path;
}
//# sourceMappingURL=tiny-model.js.map