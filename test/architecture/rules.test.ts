import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { canaries, writeCanaryTree } from "./canary.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Far below what the tree holds: a run that looks at nothing must not pass. */
const leastModules = 150;

interface Cruise {
  readonly modules: number;
  /** "rule: file → what it imports", sorted. */
  readonly violations: readonly string[];
}

/** Runs dependency-cruiser with the repository's rules on the `folders` of a tree. */
async function cruise(tree: string, folders: readonly string[]): Promise<Cruise> {
  const cruiser = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const rules = join(root, ".dependency-cruiser.cjs");
  const args = [cruiser, "--config", rules, "--output-type", "json", ...folders];
  const output = await new Promise<string>((resolve, reject) => {
    // Its exit code counts violations; what it could not do goes to stderr and leaves stdout empty.
    execFile(process.execPath, args, { cwd: tree, maxBuffer: 64 * 1024 * 1024 }, (_error, stdout, stderr) => {
      if (stdout === "") reject(new Error(`dependency-cruiser failed: ${stderr}`));
      else resolve(stdout);
    });
  });
  const { summary } = JSON.parse(output) as {
    readonly summary: {
      readonly totalCruised: number;
      readonly violations: readonly {
        readonly rule: { readonly name: string };
        readonly from: string;
        readonly to: string;
      }[];
    };
  };
  const violations = summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`).sort();
  return { modules: summary.totalCruised, violations };
}

describe("the layer rules", () => {
  it("hold in every package", async () => {
    const { modules, violations } = await cruise(root, ["packages", "deploy", "test", "bench"]);
    expect(violations).toEqual([]);
    expect(modules).toBeGreaterThan(leastModules);
    // It reads every file of the repository, on a machine that runs other tests meanwhile.
  }, 180_000);

  it("fire by name for each breach, and for nothing else", async () => {
    const tree = await realpath(await mkdtemp(join(tmpdir(), "muster-canary-")));
    try {
      await writeCanaryTree(tree);
      const { violations } = await cruise(tree, ["packages", "deploy"]);
      const fired = [...new Set(violations.map((line) => line.replace(/ → .*/, "")))];
      expect(fired).toEqual(canaries.map(({ rule, file }) => `${rule}: ${file}`).sort());
    } finally {
      await rm(tree, { recursive: true, force: true });
    }
  });
});

describe("core and ports", () => {
  it.each([
    { name: "base", node: /from "\.\/node\//, known: "systemClock" },
    { name: "models", node: /from "\.\/(adapters\/|compose)/, known: "openModelStore" },
  ])("take only the pure half of @muster/$name", async ({ name: of, node, known }) => {
    const impure = namesFrom(await readFile(join(root, `packages/${of}/src/index.ts`), "utf8"), node);
    expect(impure).toContain(known);
    const found: string[] = [];
    for (const file of await pureFiles()) {
      const source = await readFile(join(root, file), "utf8");
      for (const name of namesFrom(source, new RegExp(`from "@muster/${of}"`)))
        if (impure.includes(name)) found.push(`${file} takes ${name}`);
    }
    expect(found).toEqual([]);
  });
});

async function pureFiles(): Promise<string[]> {
  const files = (await readdir(join(root, "packages"), { recursive: true })).map(
    (file) => `packages/${file}`,
  );
  return files.filter(
    (file) =>
      /^packages\/[^/]+\/src\/(core|ports)\/.*\.ts$/.test(file) &&
      !/\.(test|contract|fixture|fake)\.ts$/.test(file),
  );
}

/** The names between braces of the import and export statements whose `from` matches. */
function namesFrom(source: string, origin: RegExp): string[] {
  const statements = source.match(/^(import|export) (type )?\{[^}]*\} from "[^"]+"/gm) ?? [];
  return statements
    .filter((statement) => origin.test(statement))
    .flatMap((statement) => statement.replace(/^[^{]*\{([^}]*)\}.*$/s, "$1").split(","))
    .map((name) =>
      name
        .trim()
        .replace(/^type /, "")
        .replace(/ as .*/, ""),
    )
    .filter((name) => name !== "");
}
