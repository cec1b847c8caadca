import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MusterError, silentLog } from "@muster/base";
import { openWorkerModels } from "@muster/models";
import { describe, expect, it } from "vitest";
import { eventually, model, startCluster, temporaryDirectory } from "../../harness/cluster.ts";
import { hostileNames } from "../../support/hostile-names.mjs";
import { tinyModel } from "../../support/tiny-model.ts";

/** A folder with a neighbour that nothing may reach, and a link that leads there. */
async function besideSecret() {
  const root = await temporaryDirectory();
  const [directory, outside] = [join(root, "inside"), join(root, "outside")];
  await mkdir(directory);
  await mkdir(outside);
  await writeFile(join(outside, "secret"), "the secret");
  return {
    directory,
    outside,
    async untouched() {
      expect(await readdir(outside)).toEqual(["secret"]);
      expect(await readFile(join(outside, "secret"), "utf8")).toBe("the secret");
      expect((await readdir(root)).sort()).toEqual(["inside", "outside"]);
    },
  };
}

describe("one path function", () => {
  it("model files of hubs, addresses and mirrors never lie outside the model directory", async () => {
    const { directory, outside, untouched } = await besideSecret();
    await symlink(outside, join(directory, "local"));
    // Nobody has any file: whatever is let through fails at once, after its path was made.
    const { store } = openWorkerModels(
      { modelDirectory: directory, huggingFaceEndpoint: undefined, huggingFaceToken: undefined, env: {} },
      {
        budgetBytes: undefined,
        isKept: () => false,
        policy: "mirror-only",
        feed: { open: () => Promise.reject(new MusterError("not_found", "There is no such file.")) },
        hasMirror: () => true,
        log: silentLog,
      },
    );
    const signal = AbortSignal.timeout(40_000);
    const uris = hostileNames
      .filter((name) => name.length < 1_000)
      .flatMap((name) => [
        `hf:owner/repo/${name}/secret.gguf`,
        `hf:${name}/repo/secret.gguf`,
        `hf:owner/repo/secret.gguf@${name}`,
        `local:${name}`,
        `local:${name}.gguf`,
      ]);
    for (const uri of [...uris, "local:secret.gguf"])
      await expect(store.ensure(uri, { signal, onProgress() {} }), uri).rejects.toMatchObject({
        code: expect.stringMatching(/^(model_load_failed|invalid_request|not_found)$/),
      });
    await untouched();
  });

  it("ids of files and batches, and names in the mirror, reach nothing on the orchestrator's disk", async () => {
    const { directory, untouched } = await besideSecret();
    const cluster = await startCluster({
      dataDirectory: directory,
      mirrorDirectory: join(directory, "mirror"),
    });
    const ask = async (path: string, init: RequestInit = {}) => {
      const response = await fetch(`${cluster.url}${path}`, init);
      expect(response.status, path).toBeGreaterThanOrEqual(400);
      expect(response.status, path).toBeLessThan(500);
      expect(await response.text(), path).not.toMatch(/the secret|root:/);
    };
    for (const name of hostileNames) {
      // A client's library would tidy these up; encoded they arrive as they are.
      const id = encodeURIComponent(name.replace(/[\ud800-\udfff]/g, "?"));
      if (id === "" || id === "." || id === "..") continue;
      for (const path of [`/v1/files/${id}`, `/v1/files/${id}/content`, `/v1/batches/${id}`]) await ask(path);
      await ask(`/v1/files/${id}`, { method: "DELETE" });
      const isPlain = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(name);
      if (!isPlain)
        await ask(`/cluster/v1/mirror/files/${id}.gguf?bytes=4&sha256=${"0".repeat(64)}`, {
          method: "PUT",
          body: "GGUF",
        });
    }
    await untouched();
  });

  it("orders name no file of a worker's machine that its owner has not opened, and are told nothing of it", async () => {
    const { directory, outside } = await besideSecret();
    const cluster = await startCluster();
    const bytes = await readFile(await tinyModel());
    for (const path of [join(directory, "open.gguf"), join(outside, "closed.gguf")])
      await writeFile(path, bytes);
    await symlink(join(outside, "closed.gguf"), join(directory, "link.gguf"));
    await cluster.worker("desk", {
      models: [{ uri: await tinyModel(), name: model }],
      engine: "node-llama-cpp",
      gpu: "off",
      ...{ slots: 1, threads: 1, contextTokens: 512 },
      dataDirectory: await temporaryDirectory(),
      allowPaths: [directory],
    });
    const [desk] = await cluster.workers();
    const outcome = async (uri: string) => {
      const ordered = await cluster.post(`/cluster/v1/workers/${desk?.id}/replicas`, {
        model_uri: uri,
        slots: 1,
      });
      const { id } = (await ordered.json()) as { id: string };
      let error: string | null = null;
      let state = "";
      await eventually(async () => {
        const found = (await cluster.workers())[0]?.replicas.find((one) => one.id === id);
        ({ state = "", error = null } = found ?? {});
        return state === "ready" || state === "failed";
      }, 40_000);
      return { state, error };
    };
    expect((await outcome(join(directory, "open.gguf"))).state).toBe("ready");
    const refusals = new Set<string | null>();
    for (const path of ["closed.gguf", "missing.gguf", "secret"].map((name) => join(outside, name)))
      refusals.add((await outcome(path)).error);
    for (const path of [
      "/etc/passwd",
      `file://${outside}/closed.gguf`,
      join(directory, "..", "outside", "closed.gguf"),
    ])
      refusals.add((await outcome(path)).error);
    refusals.add((await outcome(join(directory, "link.gguf"))).error);
    // What is there and what is not: one answer.
    expect([...refusals]).toEqual([expect.stringContaining("MUSTER_ALLOW_PATHS")]);
  });
});
