import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { packageVersion } from "@muster/base";
import type { OpenedLlama } from "./open-llama.ts";

/** `node-llama-cpp 3.22.1, llama.cpp b10000`: the package, and the release that it was built from. */
export function engineVersion({ llama, build }: OpenedLlama): string {
  const entry = pathToFileURL(createRequire(import.meta.url).resolve("node-llama-cpp"));
  const version = packageVersion(new URL("../package.json", entry));
  const { release } = llama.llamaCppRelease;
  const source = release === "" ? "" : `, llama.cpp ${release}`;
  return `node-llama-cpp ${version}${source}${build === "compiled" ? ", compiled here" : ""}`;
}
