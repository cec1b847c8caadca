import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { hostileNames } from "../../../../../test/support/hostile-names.mjs";
import { createOrderedFiles } from "./ordered-files.ts";
import { readWorkerId } from "./worker-id.ts";

async function folder(): Promise<string> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "muster-orders-")));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

describe("files that an orchestrator names by their path", () => {
  const files = createOrderedFiles({
    modelDirectory: "/srv/models",
    named: ["/home/ada/own.gguf", "~/two-00001-of-00002.gguf", "hf:o/r/f.gguf"],
    allowPaths: ["/mnt/share"],
  });

  it.each([
    "/srv/models/local/a.gguf",
    "file:///srv/models/a.gguf",
    "/mnt/share/deep/a.gguf",
    "/home/ada/own.gguf",
    join(homedir(), "two-00002-of-00002.gguf"),
    ...["hf:o/other/f.gguf", "https://example.org/a.gguf", "local:a.gguf", "builtin:tiny-gemma", "stub:m"],
  ])("may be %s", (uri) => {
    expect(() => files.check(uri)).not.toThrow();
  });

  it.each([
    ...[
      "/etc/passwd",
      "/home/ada/other.gguf",
      "/srv/models",
      "/srv/models-2/a.gguf",
      "/srv/models/../x.gguf",
    ],
    ...["file:///etc/passwd", "file:///srv/models/%2e%2e/x.gguf", "~/.ssh/id_ed25519", "a.gguf", "../a.gguf"],
    ...["/mnt/share/../../etc/shadow", "//host/share/a.gguf", "/proc/self/environ", "/dev/zero"],
  ])("may not be %s, and the refusal does not say whether it is there", (uri) => {
    expect(() => files.check(uri)).toThrow(
      expect.objectContaining({
        code: "invalid_request",
        message: expect.not.stringContaining(uri.split("/").at(-1) ?? uri),
      }),
    );
  });

  it("are followed to where links lead", async () => {
    const root = await folder();
    const [models, outside] = [join(root, "models"), join(root, "outside")];
    await mkdir(models);
    await mkdir(outside);
    await writeFile(join(outside, "secret.gguf"), "GGUF");
    await writeFile(join(models, "real.gguf"), "GGUF");
    await symlink(join(outside, "secret.gguf"), join(models, "linked.gguf"));
    await symlink(outside, join(models, "folder"));
    const ordered = createOrderedFiles({ modelDirectory: models, named: [], allowPaths: [] });
    await ordered.checkLinks(join(models, "real.gguf"));
    for (const path of ["linked.gguf", "folder/secret.gguf", "missing.gguf"]) {
      ordered.check(join(models, path));
      await expect(ordered.checkLinks(join(models, path))).rejects.toMatchObject({ code: "invalid_request" });
    }
    const open = createOrderedFiles({ modelDirectory: models, named: [], allowPaths: ["*"] });
    await open.checkLinks(join(models, "linked.gguf"));
  });
});

describe("what a worker keeps under its name", () => {
  it.each(hostileNames.filter((name) => !name.includes("%")))("is never %j", async (name) => {
    await expect(readWorkerId(await folder(), name)).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("is not written through a link", async () => {
    const root = await folder();
    const [data, outside] = [join(root, "data"), join(root, "outside")];
    await mkdir(join(data, "workers"), { recursive: true });
    await mkdir(outside);
    await symlink(outside, join(data, "workers", "desk"));
    await expect(readWorkerId(data, "desk")).rejects.toMatchObject({ code: "invalid_request" });
  });
});
