import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "@muster/base";
import { describe, expect, it, onTestFinished } from "vitest";
import { readOrMakeSecretFile } from "./secret-file.ts";

async function room() {
  const directory = await mkdtemp(join(tmpdir(), "muster-secret-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const trust = join(directory, "trust");
  const path = join(trust, "admin.key");
  const warnings: unknown[] = [];
  const log = { ...silentLog, warn: (...said: unknown[]) => void warnings.push(said) };
  let made = 0;
  const open = (unique = "a") =>
    readOrMakeSecretFile(path, {
      make: () => `secret-${unique}-${++made}`,
      unique,
      log,
    });
  return { directory, trust, path, open, warnings };
}

describe("a file with a secret", () => {
  it("is made once, for its owner alone, and is the same from then on", async () => {
    const { open, path, trust } = await room();
    expect(await open()).toEqual({ text: "secret-a-1", isNew: true });
    expect(await open("b")).toEqual({ text: "secret-a-1", isNew: false });
    expect(await readFile(path, "utf8")).toBe("secret-a-1\n");
    expect([(await stat(path)).mode & 0o777, (await stat(trust)).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(await readdir(trust)).toEqual(["admin.key"]);
  });

  it("is one for all who make it at once", async () => {
    const { open, trust } = await room();
    const all = await Promise.all(Array.from({ length: 20 }, (_none, at) => open(`w${at}`)));
    expect(new Set(all.map(({ text }) => text)).size).toBe(1);
    expect(all.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(await readdir(trust)).toEqual(["admin.key"]);
  });

  it("is closed to others where somebody has opened it to them", async () => {
    const { open, path } = await room();
    await open();
    await chmod(path, 0o644);
    await open();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("is warned of where others could put theirs in its place", async () => {
    const { open, trust, warnings } = await room();
    await open();
    expect(warnings).toEqual([]);
    await chmod(trust, 0o770);
    await open();
    expect(warnings).toEqual([[{ directory: trust }, expect.stringMatching(/others can write/)]]);
  });

  it("is neither empty nor a link to what somebody else can write", async () => {
    const { open, path, directory } = await room();
    await open();
    await writeFile(path, "\n");
    await expect(open()).rejects.toThrow(/is empty/);
    await rm(path);
    await writeFile(join(directory, "theirs"), "their secret");
    await symlink(join(directory, "theirs"), path);
    await expect(open()).rejects.toThrow(/no file that Muster has made/);
  });
});
