import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { runTool } from "../../support/run-tool.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

interface Lockfile {
  importers: Record<string, { dependencies?: Record<string, { version: string }> }>;
  packages: Record<string, { resolution: { integrity?: string } }>;
}
const readLockfile = async (): Promise<Lockfile> =>
  parse(await readFile(join(root, "pnpm-lock.yaml"), "utf8"));

describe("the list of what a release consists of", () => {
  interface Component {
    type: string;
    name: string;
    purl?: string;
    "bom-ref": string;
    hashes?: { alg: string; content: string }[];
    licenses: { license?: { id?: string }; expression?: string }[];
  }

  async function writeList(env: Record<string, string> = {}) {
    const folder = await mkdtemp(join(tmpdir(), "muster-bom-"));
    const file = join(folder, "muster.cdx.json");
    expect(await runTool("sbom.mjs", [file], { env })).toMatchObject({ code: 0 });
    const content = await readFile(file, "utf8");
    await rm(folder, { recursive: true });
    const bom: { components: Component[]; metadata: { timestamp?: string } } & Record<string, unknown> =
      JSON.parse(content);
    return { content, bom };
  }

  let written: Awaited<ReturnType<typeof writeList>>;
  beforeAll(async () => {
    written = await writeList();
  });

  it("is valid CycloneDX 1.6, and the same bytes each time", async () => {
    const { content } = written;
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(content)).toBeNull();
    expect(await validator.validate(content.replace('"type": "library"', '"type": "libary"'))).not.toBeNull();
    expect((await writeList()).content).toBe(content);
    const { bom } = await writeList({ SOURCE_DATE_EPOCH: "1700000000" });
    expect(bom.metadata.timestamp).toBe("2023-11-14T22:13:20.000Z");
  });

  it("has every package that our packages need, with its hash and licence, and no tool of ours", async () => {
    const { bom } = written;
    const { importers, packages } = await readLockfile();
    const purlOf = (name: string, version: string) =>
      `pkg:npm/${name.replace("@", "%40")}@${version.replace(/\(.*$/, "")}`;
    const byPurl = new Map(bom.components.map((component) => [component.purl, component]));
    for (const [folder, { dependencies = {} }] of Object.entries(importers)) {
      if (!folder.startsWith("packages/")) continue;
      for (const [name, { version }] of Object.entries(dependencies))
        if (!version.startsWith("link:"))
          expect(byPurl.has(purlOf(name, version)), `${folder} ${name}`).toBe(true);
    }
    for (const [key, { resolution }] of Object.entries(packages)) {
      const at = key.lastIndexOf("@");
      const component = byPurl.get(purlOf(key.slice(0, at), key.slice(at + 1)));
      if (component === undefined) continue;
      const sha512 = Buffer.from((resolution.integrity ?? "").replace("sha512-", ""), "base64").toString(
        "hex",
      );
      expect(component.hashes).toEqual([{ alg: "SHA-512", content: sha512 }]);
      expect(component.licenses).toHaveLength(1);
    }
    const names = bom.components.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["cli", "sdk", "fastify", "linux-arm64", "reflink-win32-x64-msvc"]),
    );
    for (const tool of ["vitest", "typescript", "knip", "cyclonedx-library"])
      expect(names).not.toContain(tool);
  });

  it("has what the dashboard's build has taken in, and says that the dashboard needs it", async () => {
    const { bom } = written;
    const { bundles } = JSON.parse(await readFile(join(root, "packages/dashboard/package.json"), "utf8")) as {
      bundles: string[];
    };
    const names = bom.components.map(({ name }) => name);
    expect(bundles).toEqual(["react", "react-dom", "scheduler", "uplot"]);
    expect(names).toEqual(expect.arrayContaining(bundles));
    expect(names).not.toContain("vite");
    const { dependencies } = bom as unknown as { dependencies: { ref: string; dependsOn?: string[] }[] };
    const ofDashboard = dependencies.find(({ ref }) => ref.includes("dashboard"))?.dependsOn ?? [];
    for (const name of ["react", "react-dom", "uplot"])
      expect(ofDashboard).toContainEqual(expect.stringContaining(`/${name}@`));
  });

  it("has exactly what pnpm would install for them on this platform", async () => {
    const { bom } = written;
    const { code, output } = await runTool("pnpm.mjs", ["licenses", "list", "--prod", "--json"]);
    expect(code).toBe(0);
    const byLicence: Record<string, { name: string; versions: string[] }[]> = JSON.parse(output);
    const installed = Object.values(byLicence)
      .flat()
      .flatMap(({ name, versions }) =>
        versions.map((version) => `pkg:npm/${name.replace("@", "%40")}@${version}`),
      );
    const listed = new Set(bom.components.map(({ purl }) => purl));
    // An optional peer of node-llama-cpp, which only a workspace with a compiler has.
    const missing = installed.filter((purl) => !listed.has(purl) && !purl.startsWith("pkg:npm/typescript@"));
    expect(installed.length).toBeGreaterThan(200);
    expect(missing).toEqual([]);
  });

  it("names the model that comes along, by its hash", async () => {
    const { bom } = written;
    const bytes = await readFile(join(root, "packages/models/built-in/tiny-gemma.gguf"));
    const model = bom.components.find(({ type }) => type === "machine-learning-model");
    expect(model).toMatchObject({
      name: "tiny-gemma",
      hashes: [{ alg: "SHA-256", content: createHash("sha256").update(bytes).digest("hex") }],
      licenses: [{ license: { id: "Apache-2.0" } }],
    });
  });
});

describe("the licence gate", () => {
  it("lets through what asks for a notice only", async () => {
    const { objectionTo } = await import("../../../tools/lib/licences.mjs");
    for (const licence of [
      "MIT",
      "(BSD-2-Clause OR MIT OR Apache-2.0)",
      "MIT AND ISC",
      "MIT OR GPL-3.0-only",
    ])
      expect(objectionTo(licence)).toBeUndefined();
    for (const licence of [
      "GPL-3.0-only",
      "AGPL-3.0-or-later",
      "LGPL-2.1",
      "MIT AND GPL-2.0-only",
      "BUSL-1.1",
    ])
      expect(objectionTo(licence)).toContain(licence);
    for (const licence of [undefined, "SEE LICENSE IN LICENSE.md", "UNLICENSED", "Apache 2"])
      expect(objectionTo(licence)).toMatch(/states/);
  });
});
