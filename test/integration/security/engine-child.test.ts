import { mkdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Log, MusterError, silentLog } from "@muster/base";
import { createNodeLlamaCppEngine } from "@muster/worker";
import { describe, expect, it, onTestFinished } from "vitest";
import { temporaryDirectory } from "../../harness/cluster.ts";
import { tinyModel } from "../../support/tiny-model.ts";

const secret = "canary-secret-of-the-worker";

/** A log that keeps which sandbox was chosen. */
function listening(): { readonly log: Log; readonly chosen: string[] } {
  const chosen: string[] = [];
  const note = (fields: object) => {
    if ("sandbox" in fields) chosen.push(String(fields.sandbox));
  };
  const log: Log = { ...silentLog, info: note, warn: note, child: () => log };
  return { log, chosen };
}

/** The engine with a model in its process, and the process. */
async function loadTiny(mode: "auto" | "off" | "strict") {
  const { log, chosen } = listening();
  const pids: (number | undefined)[] = [];
  const engine = createNodeLlamaCppEngine({
    log,
    env: { ...process.env, MUSTER_JOIN_TOKEN: secret, HF_TOKEN: secret, MUSTER_UPSTREAM_KEY: secret },
    children: { pids: () => [], watch: (child) => pids.push(child.pid) },
    sandbox: { mode, probeModel: tinyModel },
  });
  const spec = {
    modelPath: await tinyModel(),
    slots: 1,
    contextTokens: 512,
    threads: 1,
    gpu: "off",
  } as const;
  const replica = await engine.load(spec, { signal: AbortSignal.timeout(50_000), onProgress() {} });
  onTestFinished(() => replica.close());
  return { pid: pids[0], chosen: chosen[0] ?? "", replica, engine, spec };
}

describe.skipIf(process.platform !== "linux")("the engine's process", () => {
  it("has no network, no way to more rights, no core dumps and no secret, as far as the machine allows", async () => {
    const { pid, chosen, replica } = await loadTiny("auto");
    const proc = (name: string) => readFile(`/proc/${pid}/${name}`, "utf8");
    expect(await proc("environ")).not.toContain(secret);
    if (chosen.includes("no core dumps")) {
      expect(await proc("limits")).toMatch(/^Max core file size\s+0\s+0\s/m);
    }
    if (chosen.includes("no new rights")) {
      expect(await proc("status")).toMatch(/^NoNewPrivs:\s+1$/m);
    }
    if (chosen.includes("no network")) {
      expect(await readlink(`/proc/${pid}/ns/net`)).not.toBe(await readlink("/proc/self/ns/net"));
      // Its own loopback at most, and that is down.
      const interfaces = (await proc("net/dev")).trim().split("\n").slice(2);
      expect(interfaces.filter((line) => !line.trim().startsWith("lo:"))).toEqual([]);
      expect((await proc("net/tcp")).trim().split("\n")).toHaveLength(1);
    }
    let text = "";
    const asked = { task: "tokenize" as const, prompt: { kind: "text" as const, text: "hello" } };
    for await (const event of replica.infer(asked, AbortSignal.timeout(20_000)))
      if (event.kind === "token-ids") text = event.texts.join("");
    expect(text).toContain("hello");
  });

  it("is as it was where it is switched off", async () => {
    const { pid, chosen } = await loadTiny("off");
    expect(chosen).toBe("");
    expect(await readlink(`/proc/${pid}/ns/net`)).toBe(await readlink("/proc/self/ns/net"));
  });

  it("is let out by no model that fails", async () => {
    const { engine, spec, chosen } = await loadTiny("auto");
    const directory = await temporaryDirectory();
    await mkdir(directory, { recursive: true });
    const broken = join(directory, "broken.gguf");
    await writeFile(broken, Buffer.concat([Buffer.from("GGUF"), Buffer.alloc(64)]));
    const failing = engine.load(
      { ...spec, modelPath: broken },
      { signal: AbortSignal.timeout(50_000), onProgress() {} },
    );
    await expect(failing).rejects.toSatisfy((error) => MusterError.from(error).code === "model_load_failed");
    expect(chosen).not.toBe("");
  });
});
