import { chmod, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { Authorities } from "../../core/trust/authorities.ts";
import { createTrustFolder, readTextFile } from "./trust-folder.ts";

async function room() {
  const parent = await mkdtemp(join(tmpdir(), "muster-trust-"));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  const directory = join(parent, "trust");
  return { directory, file: join(directory, "authorities.json"), folder: createTrustFolder(directory) };
}

const named = (id: string): Authorities => [
  {
    ...{ id, certificate: `c ${id}`, key: `k ${id}`, crossCertificate: undefined, parents: [] },
    ...{ createdAtMs: 1, servesFromMs: 2 },
  },
];

it("of several who make the authorities exactly one does, and all read the same", async () => {
  const { directory, file, folder } = await room();
  expect(await folder.read()).toBeUndefined();
  const made = await Promise.all(["a", "b", "c"].map((id) => createTrustFolder(directory).create(named(id))));
  expect(made.filter(Boolean)).toHaveLength(1);
  const winner = ["a", "b", "c"][made.indexOf(true)] ?? "";
  expect(await folder.read()).toEqual(named(winner));
  await folder.replace(named("d"));
  expect(await folder.read()).toEqual(named("d"));
  expect(await readdir(directory)).toEqual(["authorities.json"]);
  expect([(await stat(directory)).mode & 0o777, (await stat(file)).mode & 0o777]).toEqual([0o700, 0o600]);
});

it("authorities that are damaged, or that others can read, are not used: it says what to do", async () => {
  const { file, folder } = await room();
  await folder.create(named("a"));
  for (const content of ["{", "{}", '{"authorities":[{}]}']) {
    await writeFile(file, content);
    await expect(folder.read()).rejects.toThrow(/restore it from a backup/);
  }
  await chmod(file, 0o644);
  await expect(folder.read()).rejects.toThrow(/chmod 600/);
});

it("a file of the configuration that is not there is named", async () => {
  await expect(readTextFile("/nowhere/ca.pem", "MUSTER_CA_CERT")).rejects.toMatchObject({
    ...{ code: "invalid_request", param: "MUSTER_CA_CERT" },
  });
});
