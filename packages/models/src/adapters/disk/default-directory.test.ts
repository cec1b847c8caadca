import { expect, test } from "vitest";
import { defaultModelDirectory } from "./default-directory.ts";

test("model files go to the cache folder of each platform", () => {
  const home = "/home/ada";
  expect(defaultModelDirectory({}, "linux", home)).toBe("/home/ada/.cache/muster/models");
  expect(defaultModelDirectory({ XDG_CACHE_HOME: "/big" }, "linux", home)).toBe("/big/muster/models");
  expect(defaultModelDirectory({ XDG_CACHE_HOME: "not/absolute" }, "linux", home)).toBe(
    "/home/ada/.cache/muster/models",
  );
  expect(defaultModelDirectory({}, "darwin", "/Users/ada")).toBe("/Users/ada/Library/Caches/muster/models");
  expect(defaultModelDirectory({}, "win32", "C:\\Users\\ada")).toBe(
    "C:\\Users\\ada\\AppData\\Local\\muster\\models",
  );
});
