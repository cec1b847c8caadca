import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const ourFolders = /^(packages|tools|test|docs|deploy|bench)\//;

async function pages(): Promise<string[]> {
  const inDocs = (await readdir(join(root, "docs"), { recursive: true })).map((file) => `docs/${file}`);
  return ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", ...inDocs].filter(
    (file) => file.endsWith(".md") && existsSync(join(root, file)),
  );
}

/** The paths that a page names: `packages/…` in backticks, from the root; relative links, from the page. */
function pathsIn(page: string, text: string): string[] {
  const prose = text.replace(/^```.*?^```/gms, "");
  const named = [...prose.matchAll(/`([^`\n]+)`/g)]
    .map(([, code = ""]) => code)
    .filter((code) => ourFolders.test(code));
  const linked = [...prose.matchAll(/\]\(<?([^)>\s]+)/g)]
    .map(([, target = ""]) => target.replace(/[#?].*$/, ""))
    .filter((target) => target !== "" && !/^[a-z][a-z+.-]*:/i.test(target))
    .map((target) => (target.startsWith("/") ? target.slice(1) : join(dirname(page), target)));
  // A path with a placeholder or a wildcard names a kind of file, and `file:12` a line of one.
  return [...named.map((code) => code.replace(/(:\d+|[.,])$/, "")), ...linked].filter(
    (path) => !/[\s*<>{}…]/.test(path),
  );
}

function missingIn(page: string, text: string): string[] {
  return pathsIn(page, text).filter((path) => !existsSync(join(root, decodeURI(path))));
}

describe("the documents", () => {
  it("name only paths that exist", async () => {
    const missing: string[] = [];
    for (const page of await pages()) {
      const text = await readFile(join(root, page), "utf8");
      missing.push(...missingIn(page, text).map((path) => `${page} names ${path}`));
    }
    expect(missing).toEqual([]);
  });

  it("are read: a wrong path and a wrong link are found", () => {
    const text =
      "See `packages/nowhere/src/a.ts`, `test/architecture`, [one](gone.md#part), [two](../biome.json).";
    expect(missingIn("docs/page.md", text)).toEqual(["packages/nowhere/src/a.ts", "docs/gone.md"]);
  });
});
