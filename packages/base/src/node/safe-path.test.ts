import { constants } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { hostileNames } from "../../../../test/support/hostile-names.mjs";
import { isBelow, leadsInto, openRegular, pathInside, realFolder, requireUnlinked } from "./safe-path.ts";

const place = { place: "the shelf" };

/** Names that are only names: percent signs mean nothing to a file system. */
const harmless = new Set(["%2e%2e%2fx", "..%2fx", "..%5cx", "%252e%252e%252fx", "..%c0%afx", "%00"]);

async function folder(): Promise<string> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "muster-paths-")));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

describe("a path that is made of names", () => {
  it.each(hostileNames.filter((name) => !harmless.has(name)))("is refused for %j", (name) => {
    for (const names of [[name], ["folder", name], [name, "file"]])
      expect(() => pathInside("/srv/root", names, place)).toThrow(
        expect.objectContaining({ code: "invalid_request" }),
      );
  });

  it.each([...harmless, "a", "a.gguf", "..a", "a..b", "ü", "a b", "~x", "-rf", "$HOME"])(
    "stays inside for %j",
    (name) => {
      expect(isBelow("/srv/root", pathInside("/srv/root", [name], place))).toBe(true);
    },
  );

  it("needs a name, and shows little of one that is refused", () => {
    expect(() => pathInside("/srv/root", [], place)).toThrow("the shelf");
    expect(() => pathInside("/srv/root", ["x".repeat(10_000)], place)).toThrow(/^.{200,400}$/);
  });
});

describe("links", () => {
  it("below a folder are found wherever they are, and the folder itself may be one", async () => {
    const root = await folder();
    const [shelf, outside] = [join(root, "shelf"), join(root, "outside")];
    await mkdir(join(shelf, "real"), { recursive: true });
    await mkdir(outside);
    await writeFile(join(outside, "secret"), "secret");
    await symlink(outside, join(shelf, "linked"));
    await symlink(join(outside, "secret"), join(shelf, "real", "file"));
    await symlink(shelf, join(root, "other-name"));
    const refused = { code: "invalid_request", message: expect.stringContaining("link") };
    for (const path of ["linked/secret", "linked/new/deep", "linked", "real/file"])
      await expect(requireUnlinked(shelf, join(shelf, path), "it")).rejects.toMatchObject(refused);
    await expect(requireUnlinked(shelf, outside, "it")).rejects.toMatchObject(refused);
    for (const path of ["real/new", "new/deep/file"])
      await requireUnlinked(join(root, "other-name"), join(root, "other-name", path), "it");
    expect(await leadsInto(shelf, join(shelf, "real", "file"))).toBe(false);
    expect(await leadsInto(outside, join(shelf, "real", "file"))).toBe(true);
    expect(await leadsInto(shelf, join(shelf, "nothing"))).toBe(false);
    expect(await realFolder(join(shelf, "linked"))).toBe("linked");
    expect(await realFolder(join(shelf, "real"))).toBe("there");
    expect(await realFolder(join(shelf, "none"))).toBe("missing");
  });

  it("are opened only where they may be, and what is no file never", async () => {
    const root = await folder();
    await writeFile(join(root, "file"), "text");
    await symlink(join(root, "file"), join(root, "link"));
    const followed = await openRegular(join(root, "link"), { followsLinks: true });
    expect(await followed?.readFile("utf8")).toBe("text");
    await followed?.close();
    if (constants.O_NOFOLLOW !== undefined)
      await expect(openRegular(join(root, "link"), { followsLinks: false })).rejects.toMatchObject({
        code: "ELOOP",
      });
    for (const followsLinks of [true, false]) {
      expect(await openRegular("/dev/null", { followsLinks })).toBeUndefined();
      await expect(openRegular(join(root, "none"), { followsLinks })).rejects.toMatchObject({
        code: "ENOENT",
      });
    }
  });
});
