import { execFile } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { temporaryDirectory } from "../harness/cluster.ts";
import { createMusterProcess } from "../harness/muster-process.ts";
import { httpsGet } from "../support/https-get.ts";
import { testRedis } from "../support/redis.ts";
import { selfSigned } from "../support/self-signed.ts";

const main = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));
const run = promisify(execFile);

describe("from the first start to a key of one's own", () => {
  it("takes no step more than making the key, over TLS that only this machine knows to trust", async () => {
    const directory = await temporaryDirectory();
    const pair = selfSigned("office");
    const trust = join(directory, "trust");
    await mkdir(trust, { mode: 0o700 });
    const [certFile, keyFile] = [join(directory, "cert.pem"), join(directory, "key.pem")];
    await writeFile(certFile, pair.cert);
    await writeFile(keyFile, pair.key);
    // What Muster's own authority leaves for programs of this machine.
    await writeFile(join(trust, "ca.crt"), pair.cert);
    const orchestrator = createMusterProcess({
      name: "orchestrator",
      args: [
        ...["orchestrator", "--host", "0.0.0.0", "--port", "0", "--fleet-port", "0", "--data-dir", directory],
        ...["--tls-cert", certFile, "--tls-key", keyFile],
      ],
      env: {
        ...{ REDIS_URL: (await testRedis()).url, MUSTER_REDIS_PREFIX: `e2e-keys-${process.pid}` },
        ...{ MUSTER_FLEET_HOST: "127.0.0.1", MUSTER_DISCOVERY: "off", MUSTER_API_KEYS: "" },
      },
      ready: /Clients: (https:\S+):(\d+)\/v1/,
    });
    onTestFinished(() => orchestrator.kill("SIGTERM"));
    const [, , port] = await orchestrator.start();
    const url = `https://localhost:${port}`;
    const muster = async (args: readonly string[], more: Record<string, string> = {}) => {
      const env = { PATH: process.env["PATH"], HOME: directory, MUSTER_BASE_URL: url, ...more };
      return run(process.execPath, [main, ...args], { env, timeout: 60_000 });
    };
    const here = { MUSTER_DATA_DIR: directory };
    expect((await readdir(trust)).sort()).toEqual(["admin.key", "audit.key", "ca.crt"]);
    const made = await muster(["keys", "create", "--name", "ci", "--scope", "inference"], here);
    const key = made.stdout.trim();
    expect(key).toMatch(/^mst_[0-9a-z]{10}_[0-9A-Za-z]{49}$/);
    expect(made.stderr).toContain("not shown again");
    expect((await httpsGet(`${url}/v1/models`, { ca: pair.cert, key })).status).toBe(200);
    expect((await httpsGet(`${url}/cluster/v1/keys`, { ca: pair.cert, key })).status).toBe(403);
    expect((await muster(["keys", "ls"], here)).stdout).toContain("inference");
    expect((await muster(["audit", "ls"], here)).stdout).toContain("key.create");
    expect((await muster(["audit", "verify"], here)).stdout).toContain("all as they were written");
    await muster(["keys", "revoke", "ci"], here);
    expect((await httpsGet(`${url}/v1/models`, { ca: pair.cert, key })).status).toBe(401);
    // Whoever has neither the folder nor the certificate learns nothing.
    await expect(muster(["keys", "ls"])).rejects.toMatchObject({ code: 3 });
  });
});
