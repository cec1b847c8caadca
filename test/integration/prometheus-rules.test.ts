import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { mustSkip, programs, skipNote } from "../support/prometheus-server.ts";

const folder = fileURLToPath(new URL("../../deploy/prometheus", import.meta.url));

/** Its exit code, and all that it said. */
function promtool(args: readonly string[], cwd = folder): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(programs?.promtool ?? "promtool", args, { cwd }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, output: stdout + stderr });
    });
  });
}

const good = (output: string) => ({ code: 0, output: expect.stringContaining(output) });

describe.skipIf(mustSkip)(`the files for Prometheus${skipNote}`, () => {
  it("are a configuration and rules that promtool takes", async () => {
    for (const file of ["prometheus.yml", "compose.yml"])
      expect(await promtool(["check", "config", "--syntax-only", file])).toEqual(good("SUCCESS"));
    for (const file of ["muster-rules.yml", "muster-alerts.yml"])
      expect(await promtool(["check", "rules", file])).toEqual(good("SUCCESS"));
  });

  it("fire each alert when it should, and are silent when it should not", async () => {
    const tests = (await readdir(join(folder, "tests"))).map((name) => join("tests", name));
    expect(tests.length).toBeGreaterThan(1);
    const runs = await Promise.all(tests.map((file) => promtool(["test", "rules", file])));
    for (const run of runs) expect(run).toEqual(good("SUCCESS"));
  }, 240_000);

  it("are really tested: a bound that has moved is found", async () => {
    const copy = await mkdtemp(join(tmpdir(), "muster-rules-"));
    try {
      for (const file of ["muster-rules.yml", "muster-alerts.yml"]) {
        const text = await readFile(join(folder, file), "utf8");
        await writeFile(join(copy, file), text.replace("muster_redis_up == 0", "muster_redis_up == 2"));
      }
      const tests = await readFile(join(folder, "tests/minutes.test.yml"), "utf8");
      const [head = "", ...cases] = tests.split(/^ {2}- name: /m);
      const ofRedis = cases.filter((text) => text.includes("MusterRedisDown"));
      expect(ofRedis.length).toBeGreaterThan(1);
      const text = [head, ...ofRedis].join("  - name: ").replaceAll("../muster", "muster");
      await writeFile(join(copy, "test.yml"), text);
      const { code, output } = await promtool(["test", "rules", "test.yml"], copy);
      expect(code).toBe(1);
      expect(output).toContain("alertname: MusterRedisDown");
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  });
});
