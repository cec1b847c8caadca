import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type NpmRegistry, startNpmRegistry } from "../../support/npm-registry.ts";
import { runTool } from "../../support/run-tool.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

let registry: NpmRegistry;
let home: string;

beforeAll(async () => {
  registry = await startNpmRegistry();
  home = await mkdtemp(join(tmpdir(), "muster-installs-"));
});
afterAll(async () => {
  await registry.close();
  await rm(home, { recursive: true, force: true });
});

/** A project of its own with this repository's settings, installed into by the pnpm that the repository names. */
async function newProject() {
  const folder = await mkdtemp(join(home, "project-"));
  for (const file of ["pnpm-workspace.yaml", ".npmrc"]) await copyFile(join(root, file), join(folder, file));
  return {
    folder,
    isInstalled: (name: string) => existsSync(join(folder, "node_modules", name, "package.json")),
    async install(dependencies: Record<string, string>, { lockfile }: { lockfile?: string } = {}) {
      await writeFile(join(folder, "package.json"), JSON.stringify({ name: "office", dependencies }));
      if (lockfile !== undefined) await writeFile(join(folder, "pnpm-lock.yaml"), lockfile);
      const flag = lockfile === undefined ? "--no-frozen-lockfile" : "--frozen-lockfile";
      const places = ["store", "cache", "state"].map((name) => `--config.${name}-dir=${join(folder, name)}`);
      return runTool("pnpm.mjs", ["install", flag, ...places], {
        cwd: folder,
        env: { npm_config_registry: registry.url, npm_config_fetch_retries: "0" },
      });
    },
  };
}

/** A lockfile that names one package by version and hash. What is ignored must be what pnpm-workspace.yaml ignores. */
const lockfileOf = (name: string, version: string, integrity: string) => `lockfileVersion: '9.0'
settings:
  autoInstallPeers: true
  excludeLinksFromLockfile: false
ignoredOptionalDependencies:
  - '@node-llama-cpp/linux-x64-cuda'
  - '@node-llama-cpp/linux-x64-cuda-ext'
  - '@node-llama-cpp/win-x64-cuda'
  - '@node-llama-cpp/win-x64-cuda-ext'
importers:
  .:
    dependencies:
      ${name}:
        specifier: ${version}
        version: ${version}
packages:
  ${name}@${version}:
    resolution: {integrity: ${integrity}}
snapshots:
  ${name}@${version}: {}
`;

describe.concurrent("an install with this repository's settings", () => {
  it("takes a version that has been out for a week", async () => {
    registry.publish("settled", { version: "1.0.0", ageDays: 7 });
    const { folder, install, isInstalled } = await newProject();
    expect(await install({ settled: "1.0.0" })).toMatchObject({ code: 0 });
    expect(isInstalled("settled")).toBe(true);
    expect(await readFile(join(folder, "pnpm-lock.yaml"), "utf8")).toContain(
      registry.integrityOf("settled", "1.0.0"),
    );
  });

  it("refuses a version that came out two days ago, also of a dependency's dependency", async () => {
    registry.publish("fresh", { version: "1.0.0", ageDays: 30 }, { version: "1.0.1", ageDays: 2 });
    registry.publish("needs-fresh", { version: "1.0.0", ageDays: 30, dependencies: { fresh: "1.0.1" } });
    const { install, isInstalled } = await newProject();
    for (const dependencies of [{ fresh: "1.0.1" }, { "needs-fresh": "1.0.0" }]) {
      const { code, output } = await install(dependencies);
      expect(output).toContain("minimumReleaseAge");
      expect(code).not.toBe(0);
      expect(isInstalled("fresh")).toBe(false);
    }
  });

  it("ends where a package that is not named wants to run code, and runs none of it", async () => {
    const scripts = { postinstall: "node -e \"require('fs').writeFileSync('ran', '')\"" };
    registry.publish("scripted", { version: "1.0.0", ageDays: 30, scripts });
    const { folder, install, isInstalled } = await newProject();
    const { code, output } = await install({ scripted: "1.0.0" });
    expect(output).toContain("ERR_PNPM_IGNORED_BUILDS");
    expect(code).not.toBe(0);
    expect(isInstalled("scripted")).toBe(true);
    expect(existsSync(join(folder, "node_modules/scripted/ran"))).toBe(false);
  });

  it("refuses a dependency's dependency that does not come from the registry", async () => {
    registry.publish("stray", { version: "1.0.0", ageDays: 30 });
    const dependencies = { stray: registry.elsewhere("stray", "1.0.0") };
    registry.publish("exotic", { version: "1.0.0", ageDays: 30, dependencies });
    const { install } = await newProject();
    const { code, output } = await install({ exotic: "1.0.0" });
    expect(output).toContain("EXOTIC_SUBDEP");
    expect(code).not.toBe(0);
    // The address is good: asked for by the project itself, it is a decision of the project.
    expect(await install(dependencies)).toMatchObject({ code: 0 });
  });

  it("refuses a version with less proof of its origin than an earlier one", async () => {
    registry.publish(
      "attested",
      { version: "1.0.0", ageDays: 60, isAttested: true },
      { version: "1.0.1", ageDays: 30 },
    );
    const { install } = await newProject();
    const { code, output } = await install({ attested: "1.0.1" });
    expect(output).toContain("TRUST_DOWNGRADE");
    expect(code).not.toBe(0);
    expect(await install({ attested: "1.0.0" })).toMatchObject({ code: 0 });
  });

  it("takes from a lockfile what a registry gives that knows no dates, and resolves nothing there", async () => {
    registry.publish("undated", { version: "1.0.0" });
    const { folder, install, isInstalled } = await newProject();
    const lockfile = lockfileOf("undated", "1.0.0", registry.integrityOf("undated", "1.0.0"));
    expect(await install({ undated: "1.0.0" }, { lockfile })).toMatchObject({ code: 0 });
    expect(isInstalled("undated")).toBe(true);
    await rm(join(folder, "pnpm-lock.yaml"));
    await rm(join(folder, "node_modules"), { recursive: true });
    const { code, output } = await install({ undated: "1.0.0" });
    expect(output).toContain("ERR_PNPM_MISSING_TIME");
    expect(code).not.toBe(0);
  });

  it("refuses an archive whose hash is not the lockfile's", async () => {
    registry.publish("swapped", { version: "1.0.0", ageDays: 30 });
    const integrity = registry.integrityOf("swapped", "1.0.0");
    registry.publish("swapped", { version: "1.0.0", ageDays: 30, dependencies: { settled: "1.0.0" } });
    const { install, isInstalled } = await newProject();
    const { code, output } = await install(
      { swapped: "1.0.0" },
      { lockfile: lockfileOf("swapped", "1.0.0", integrity) },
    );
    expect(output).toContain("ERR_PNPM_TARBALL_INTEGRITY");
    expect(code).not.toBe(0);
    expect(isInstalled("swapped")).toBe(false);
  });

  it("refuses a manifest that says something else than the lockfile", async () => {
    registry.publish("drifted", { version: "1.0.0", ageDays: 30 }, { version: "1.1.0", ageDays: 20 });
    const { install } = await newProject();
    const lockfile = lockfileOf("drifted", "1.0.0", registry.integrityOf("drifted", "1.0.0"));
    const { code, output } = await install({ drifted: "1.1.0" }, { lockfile });
    expect(output).toContain("ERR_PNPM_OUTDATED_LOCKFILE");
    expect(code).not.toBe(0);
  });
});
