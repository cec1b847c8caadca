import { expect, test } from "vitest";
import { modelParts } from "./model-parts.ts";

test("lists every part of a model that is cut into parts, whichever part is named", () => {
  expect(modelParts("dir/a-00002-of-00003.gguf")).toEqual([
    "dir/a-00001-of-00003.gguf",
    "dir/a-00002-of-00003.gguf",
    "dir/a-00003-of-00003.gguf",
  ]);
});

test.each(["a.gguf", "a-00003-of-00002.gguf", "a-00000-of-00002.gguf", "a-00001-of-99999.gguf"])(
  "takes %s for one whole file",
  (file) => {
    expect(modelParts(file)).toEqual([file]);
  },
);
