import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Log, silentLog } from "@muster/base";
import { afterEach, beforeEach, expect, it } from "vitest";
import { chatRequest, failureCode, readAnswer } from "../../ports/engine.contract.ts";
import { createNodeLlamaCppEngine } from "./engine.ts";
import { addonName, engineFolder, recordPath } from "./engine-binary.ts";

/** A child that tells how it was loaded, and dies as the compiled engine's would on another processor. */
const childSource = `
const dieOn = process.env.NODE_LLAMA_CPP_TEST_DIE_ON;
let isCompiled = false;
process.on("message", ({ kind, spec }) => {
  if (kind === "load") isCompiled = spec.addonPath !== undefined;
  if (dieOn === "always" || (isCompiled && kind === dieOn)) process.kill(process.pid, "SIGILL");
  else if (kind === "load")
    process.send({ kind: "loaded", info: { slots: 1, backend: isCompiled ? "compiled" : "prebuilt" } });
});
process.on("disconnect", () => process.exit());
`;

let directory: string;
let childEntry: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "muster-fallback-"));
  childEntry = join(directory, "child.mjs");
  await writeFile(childEntry, childSource);
  const folder = engineFolder(directory);
  await mkdir(folder);
  await writeFile(join(folder, addonName), "");
  await writeFile(recordPath(folder), '{"builtAt":"2026-01-01T00:00:00Z"}');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function makeEngine(dieOn: "load" | "infer" | "always") {
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (_fields, words) => warnings.push(words), child: () => log };
  const engine = createNodeLlamaCppEngine({
    log,
    childEntry,
    engineDirectory: directory,
    env: { PATH: process.env["PATH"], NODE_LLAMA_CPP_TEST_DIE_ON: dieOn },
  });
  const load = () =>
    engine.load(
      { modelPath: "/a.gguf", slots: 1, contextTokens: 512, threads: 1, gpu: "off" },
      { signal: new AbortController().signal, onProgress: () => {} },
    );
  return { load, warnings };
}

it("takes the prebuilt engine where the compiled one dies, and warns once", async () => {
  const { load, warnings } = makeEngine("load");
  const replica = await load();
  expect(replica.info.backend).toBe("prebuilt");
  await replica.close();
  const again = await load();
  expect(again.info.backend).toBe("prebuilt");
  await again.close();
  expect(warnings).toEqual(["compiled engine died, trying the prebuilt one"]);
});

it("takes the prebuilt engine once an answer needed an instruction that the processor lacks", async () => {
  const { load } = makeEngine("infer");
  const first = await load();
  expect(first.info.backend).toBe("compiled");
  expect(await failureCode(readAnswer(first, chatRequest("a")))).toBe("engine_crashed");
  const second = await load();
  expect(second.info.backend).toBe("prebuilt");
  await second.close();
});

it("says that the load failed where both engines die, and blames neither", async () => {
  const { load, warnings } = makeEngine("always");
  expect(await failureCode(load())).toBe("model_load_failed");
  expect(await failureCode(load())).toBe("model_load_failed");
  expect(warnings).toHaveLength(2);
});
