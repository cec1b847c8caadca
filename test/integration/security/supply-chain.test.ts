import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { runTool } from "../../support/run-tool.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const text = (file: string) => readFile(join(root, file), "utf8");
const json = async (file: string) => JSON.parse(await text(file));

interface Lockfile {
  packages: Record<string, { resolution: { integrity?: string; tarball?: string } }>;
  ignoredOptionalDependencies?: string[];
}
const readLockfile = async (): Promise<Lockfile> => parse(await text("pnpm-lock.yaml"));

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "muster-supply-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe("what is installed", () => {
  it("is named by exact versions", async () => {
    const packages = await readdir(join(root, "packages"));
    const folders = [".", "test", "bench", "tools/pinned/node", "tools/pinned/pnpm"];
    const inexact: string[] = [];
    for (const folder of [...folders, ...packages.map((name) => `packages/${name}`)]) {
      const manifest = await json(`${folder}/package.json`);
      for (const group of ["dependencies", "devDependencies", "optionalDependencies"])
        for (const [name, version] of Object.entries<string>(manifest[group] ?? {}))
          if (!/^(\d+\.\d+\.\d+(-[\w.]+)?|workspace:\*)$/.test(version))
            inexact.push(`${folder} has ${name} ${version}`);
    }
    expect(inexact).toEqual([]);
  });

  it("has a sha512 for each package in each lockfile, and comes from the registry alone", async () => {
    const { packages } = await readLockfile();
    const entries = Object.entries(packages).map(([key, { resolution }]) => ({ key, ...resolution }));
    for (const name of await readdir(join(root, "tools/pinned"))) {
      const lockfile = await json(`tools/pinned/${name}/package-lock.json`);
      for (const [key, entry] of Object.entries<{ integrity?: string }>(lockfile.packages))
        if (key !== "") entries.push({ ...entry, key });
    }
    expect(entries.length).toBeGreaterThan(500);
    const wrong = entries.filter(
      ({ integrity, tarball }) => tarball !== undefined || !/^sha512-[\w+/]{86}==$/.test(integrity ?? ""),
    );
    expect(wrong).toEqual([]);
  });

  it("is installed under the settings that were agreed on", async () => {
    const { packages, ...settings } = parse(await text("pnpm-workspace.yaml"));
    expect(packages).toEqual(["packages/*", "deploy/monitoring", "test", "bench"]);
    // Another package that may run code at install time, or an exception, is a decision: change it here as well.
    expect(settings).toEqual({
      strictDepBuilds: true,
      onlyBuiltDependencies: [],
      ignoredBuiltDependencies: [
        "node-llama-cpp",
        "msgpackr-extract",
        "protobufjs",
        "esbuild",
        "cpu-features",
        "ssh2",
      ],
      minimumReleaseAge: 3 * 24 * 60,
      blockExoticSubdeps: true,
      trustPolicy: "no-downgrade",
      ignoredOptionalDependencies: (await readLockfile()).ignoredOptionalDependencies,
      saveExact: true,
    });
  });

  it("is installed by one pnpm, whose hash is written down twice", async () => {
    const { packageManager } = await json("package.json");
    const lockfile = await json("tools/pinned/pnpm/package-lock.json");
    const { version, integrity } = lockfile.packages["node_modules/pnpm"];
    const hex = Buffer.from(integrity.replace("sha512-", ""), "base64").toString("hex");
    expect(packageManager).toBe(`pnpm@${version}+sha512.${hex}`);
    expect((await json("tools/pinned/pnpm/package.json")).dependencies).toEqual({ pnpm: version });
    expect(await runTool("pnpm.mjs", ["--version"])).toMatchObject({ code: 0, output: `${version}\n` });
  });

  it("is installed in two places of the tools and nowhere else", async () => {
    const files = [".ci/run", "package.json", "deploy/docker/Dockerfile", "deploy/compose.yaml"];
    for (const name of await readdir(join(root, "tools"), { recursive: true }))
      if (name.endsWith(".mjs")) files.push(`tools/${name}`);
    const asText =
      /\b(?:(?:npm|pnpm|yarn|bun|corepack)\s+(?:i|ci|install|add|exec|dlx|use)|npx|pip3?\s+install)\b/;
    const asArguments = /\[\s*(?:\.\.\.[\w.]+,\s*)*"(?:i|ci|install|add|exec|dlx)"[^\]]*\]/g;
    const found: string[] = [];
    for (const file of files) {
      const source = (await text(file)).replace(/^\s*(\/\/|\*|#).*$/gm, "");
      for (const line of source.split("\n")) if (asText.test(line)) found.push(`${file}: ${line.trim()}`);
      for (const [match] of source.matchAll(asArguments))
        found.push(`${file}: ${match.replace(/\s+/g, " ")}`);
    }
    const install = '[...pnpm.args, "install", "--frozen-lockfile", "--config.confirmModulesPurge=false"]';
    expect(found.filter((line) => !line.startsWith("tools/lib/system-packages.mjs"))).toEqual([
      `tools/lib/packages.mjs: ${install}`,
      'tools/lib/pinned.mjs: ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]',
    ]);
  });
});

describe("what runs in containers", () => {
  interface Service {
    image?: string;
    ports?: string[];
    privileged?: boolean;
    cap_drop?: string[];
    security_opt: string[];
  }

  it("has images of a named version, few rights, and a Redis that nobody outside reaches", async () => {
    const { services }: { services: Record<string, Service> } = parse(await text("deploy/compose.yaml"));
    const bases = [...(await text("deploy/docker/Dockerfile")).matchAll(/^FROM (\S+)/gm)].map(
      ([, image]) => image,
    );
    const images = [...bases, ...Object.values(services).flatMap(({ image = [] }) => image)];
    expect(images.length).toBeGreaterThan(2);
    expect(images.filter((image) => !/:v?\d+(\.\d+)*(-|$)|@sha256:/.test(image ?? ""))).toEqual([]);
    for (const service of Object.values(services)) {
      expect(service.privileged).toBeUndefined();
      expect(service.security_opt).toEqual(["no-new-privileges:true"]);
    }
    expect(services["orchestrator"]?.cap_drop).toEqual(["ALL"]);
    expect(services["redis"]?.ports).toBeUndefined();
    expect(await text("deploy/docker/Dockerfile")).toMatch(/^USER node$/m);
  });
});

describe("what workers fetch for their GPUs", () => {
  it("has a known hash for the engine's version that is installed", async () => {
    const source = await text("packages/worker/src/adapters/cuda/archive-hashes.ts");
    const version = (await json("packages/worker/package.json")).dependencies["node-llama-cpp"];
    const named = [...source.matchAll(/"(@node-llama-cpp\/[^"]+)":\s+"sha512-[\w+/]{86}=="/g)];
    expect(named.map(([, name]) => name)).toEqual([
      `@node-llama-cpp/linux-x64-cuda@${version}`,
      `@node-llama-cpp/linux-x64-cuda-ext@${version}`,
    ]);
  });
});

describe("the look for secrets", () => {
  it("finds keys of ours and of others, invitations and private keys, and does not print them", async () => {
    const folder = await temporaryFolder();
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const secrets: Record<string, string> = {
      "an API key of Muster": `mst_${"Ab3dE".repeat(2)}_${"x1Y2".repeat(12)}z`,
      "an invitation of a worker": `muster://office.test:11501#${"Ab".repeat(22)}.${"cD3_".repeat(11)}`,
      "a private key": pem,
      "GitHub Token": `ghp_${"a1B2".repeat(9)} // secretlint-disable-line`,
    };
    for (const [says, secret] of Object.entries(secrets)) {
      const file = join(folder, "notes.txt");
      await writeFile(file, `first line\nvalue: ${secret}\n`);
      const { code, output } = await runTool("secrets.mjs", [file]);
      expect(output).toMatch(new RegExp(`notes\\.txt:\\d+ found ${says}`));
      expect(code).toBe(1);
      expect(output).not.toContain(secret.slice(8, 40));
    }
    await writeFile(
      join(folder, "notes.txt"),
      "mst_short, muster://host:1#pin.secret, -----BEGIN PRIVATE KEY-----\n",
    );
    expect(await runTool("secrets.mjs", [join(folder, "notes.txt")])).toMatchObject({ code: 0 });
  });
});

describe("the look for known holes", () => {
  async function auditWith(answer: (path: string) => { status: number; body: unknown }) {
    const server = createServer((request, reply) => {
      const { status, body } = answer(request.url ?? "");
      reply.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    onTestFinished(() => {
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return runTool("audit.mjs", [], { env: { npm_config_registry: `http://127.0.0.1:${port}/` } });
  }
  const advisory = (severity: string) => ({
    github_advisory_id: `GHSA-${severity}`,
    severity,
    module_name: "tar",
    title: "writes outside of the folder",
    patched_versions: ">=9",
    findings: [],
  });
  const report = (...advisories: object[]) => ({
    actions: [],
    muted: [],
    advisories: Object.fromEntries(advisories.map((entry, index) => [index, entry])),
    metadata: { vulnerabilities: {}, totalDependencies: 1 },
  });

  it("fails on a high one, and tells what to do", async () => {
    const body = report(advisory("high"), advisory("low"));
    const { code, output } = await auditWith(() => ({ status: 200, body }));
    expect(output).toContain("GHSA-high (high) tar: writes outside of the folder; right from >=9");
    expect(output).not.toContain("GHSA-low");
    expect(code).toBe(1);
  });

  it("passes on a low one, and says that it was skipped where the registry does not answer", async () => {
    const low = await auditWith(() => ({ status: 200, body: report(advisory("low")) }));
    expect(low).toMatchObject({ code: 0, output: expect.stringContaining("0 allowed, 1 of less weight") });
    const none = await auditWith(() => ({ status: 405, body: {} }));
    expect(none).toMatchObject({
      code: 0,
      output: expect.stringContaining("audit skipped: the registry does not answer"),
    });
  });
});
