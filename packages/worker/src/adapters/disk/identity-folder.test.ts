import { mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createIdentityFolder } from "./identity-folder.ts";

async function room() {
  const directory = await mkdtemp(join(tmpdir(), "muster-identity-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return { directory, folder: createIdentityFolder(directory) };
}

const identity = {
  ...{
    workerId: "wrk-1",
    name: "desk",
    pool: "desks",
    address: "10.0.0.1:11501",
    key: "k",
    certificate: "c",
  },
  authorities: ["a"],
};

it("an identity is kept whole, for its user alone, and leaves nothing else behind", async () => {
  const { directory, folder } = await room();
  expect([await folder.names(), await folder.read("desk")]).toEqual([[], undefined]);
  await folder.write(identity);
  await folder.write({ ...identity, certificate: "d" });
  expect(await folder.read("desk")).toEqual({ ...identity, certificate: "d" });
  expect(await folder.names()).toEqual(["desk"]);
  expect(await readdir(join(directory, "identity/desk"))).toEqual(["identity.json"]);
  const modes = ["identity", "identity/desk", "identity/desk/identity.json"].map(
    async (path) => (await stat(join(directory, path))).mode & 0o777,
  );
  expect(await Promise.all(modes)).toEqual([0o700, 0o700, 0o600]);
});

it("an identity that is damaged, a link, or of no name is none, and says what to do", async () => {
  const { directory, folder } = await room();
  await folder.write(identity);
  const file = join(directory, "identity/desk/identity.json");
  for (const content of ["{", "{}", JSON.stringify({ ...identity, authorities: [] })]) {
    await writeFile(file, content);
    await expect(folder.read("desk")).rejects.toThrow(/join again with a new invitation/);
  }
  await rm(file);
  await symlink("/etc/passwd", file);
  await expect(folder.read("desk")).rejects.toThrow(/join again/);
  for (const name of ["..", ".", "a/b", ""])
    await expect((async () => folder.read(name))()).rejects.toThrow();
});
