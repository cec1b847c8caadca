import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = "test/integration/security";

/** The test files that a page names in backticks without a folder. */
function testsNamedIn(text: string): Set<string> {
  return new Set([...text.matchAll(/`([a-z0-9-]+\.test\.ts)`/g)].map(([, name = ""]) => name));
}

describe("the threat model", () => {
  it("names a test for each requirement, and each test of security", async () => {
    const named = testsNamedIn(await readFile(join(root, "docs/threat-model.md"), "utf8"));
    const there = (await readdir(join(root, folder))).filter((name) => name.endsWith(".test.ts"));
    expect(named.size).toBeGreaterThan(20);
    expect({
      namedButMissing: [...named].filter((name) => !there.includes(name)),
      thereButNotNamed: there.filter((name) => !named.has(name)),
    }).toEqual({ namedButMissing: [], thereButNotNamed: [] });
  });

  it("has a test in each row of its table of requirements", async () => {
    const text = await readFile(join(root, "docs/threat-model.md"), "utf8");
    const [, section = ""] = /## Requirements and their tests\n([\s\S]*?)\n## /.exec(text) ?? [];
    const rows = section
      .split("\n")
      .filter((line) => line.startsWith("| ") && !/^\| (requirement|-)/.test(line));
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter((row) => !row.includes(".test.ts`"))).toEqual([]);
  });

  it("is linked from SECURITY.md", async () => {
    expect(await readFile(join(root, "SECURITY.md"), "utf8")).toContain("(docs/threat-model.md)");
  });
});

describe("the tests for the newest Node", () => {
  it("are files that exist", async () => {
    const list = await readFile(join(root, "test/integration/newest-node.txt"), "utf8");
    const names = list
      .split("\n")
      .map((line) => line.replace(/#.*$/, "").trim())
      .filter((line) => line !== "");
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });
});
