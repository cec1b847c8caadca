import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { createServer } from "node:tls";
import { formatInvitation, parseInvitation } from "@muster/proto";
import { joinFleet, readJoined } from "@muster/worker";
import { describe, expect, it } from "vitest";
import { eventually, startCluster, temporaryDirectory, untilTestEnds } from "../../harness/cluster.ts";
import { startTrustedCluster } from "../../harness/trusted-fleet.ts";

const asDesk = async () => ({ dataDirectory: await temporaryDirectory(), name: "desk" });

describe("an invitation", () => {
  it("lets one machine join, with the pool and the name that it says, and is taken then", async () => {
    const cluster = await startTrustedCluster();
    const line = await cluster.invite({ name: "desk-7" });
    expect(await joinFleet(line, await asDesk())).toMatchObject({ name: "desk-7", pool: "desks" });
    await expect(joinFleet(line, await asDesk())).rejects.toMatchObject({
      code: "unauthenticated",
      message: expect.stringContaining("used already"),
    });
    expect(await cluster.get("/cluster/v1/enrolments")).toMatchObject({
      data: [{ name: "desk-7", pool: "desks", state: "live" }],
    });
  });

  it("is taken by exactly one of several who try at once", async () => {
    const cluster = await startTrustedCluster();
    const line = await cluster.invite();
    const tries = await Promise.allSettled([1, 2, 3, 4, 5].map(async () => joinFleet(line, await asDesk())));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("gives a name that another has a number", async () => {
    const cluster = await startTrustedCluster();
    const names = [];
    for (let at = 0; at < 3; at++) names.push((await joinFleet(await cluster.invite(), await asDesk())).name);
    expect(names).toEqual(["desk", "desk-2", "desk-3"]);
  });

  it("leaves what makes the machine a worker of the same name of another fleet", async () => {
    const [one, other] = [await startTrustedCluster(), await startTrustedCluster()];
    const as = await asDesk();
    expect((await joinFleet(await one.invite({ name: "desk" }), as)).name).toBe("desk");
    expect((await joinFleet(await other.invite({ name: "desk" }), as)).name).toBe("desk-2");
    const joined = await readJoined(as.dataDirectory);
    const addresses = [one, other].map(({ orchestrator }) => orchestrator.fleetAddress);
    expect(joined.map(({ address }) => address).sort()).toEqual(addresses.sort());
    // Anew in the same fleet: the earlier one is over.
    await one.post(`/cluster/v1/workers/${joined.find(({ name }) => name === "desk")?.workerId}/revoke`, {});
    expect((await joinFleet(await one.invite({ name: "desk" }), as)).name).toBe("desk");
    expect(await readJoined(as.dataDirectory)).toHaveLength(2);
  });

  it("does not count once its time is over", async () => {
    const cluster = await startTrustedCluster();
    const line = await cluster.invite({ expires_in: 1 });
    const madeMs = Date.now();
    await eventually(() => Date.now() > madeMs + 1_000);
    await expect(joinFleet(line, await asDesk())).rejects.toMatchObject({
      code: "unauthenticated",
      message: expect.stringContaining("expired"),
    });
  });

  it("with another secret is none", async () => {
    const cluster = await startTrustedCluster();
    const real = parseInvitation(await cluster.invite());
    if (real === undefined) throw new Error("no invitation");
    const forged = formatInvitation({ ...real, secret: new Uint8Array(32).fill(1) });
    await expect(joinFleet(forged, await asDesk())).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("is kept as a hash alone, and for half an hour at most", async () => {
    const cluster = await startTrustedCluster();
    const line = await cluster.invite();
    const secret = line.split(".").at(-1) ?? "";
    for (const text of await everyFile(cluster.storeDirectory)) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(Buffer.from(secret, "base64url").toString("hex"));
    }
    const tooLong = await cluster.post("/cluster/v1/invites", { pool: "desks", expires_in: 1_801 });
    expect(tooLong.status).toBe(400);
  });

  it("is not needed, and not made, where the fleet port is on loopback", async () => {
    const cluster = await startCluster();
    const answer = await cluster.post("/cluster/v1/invites", { pool: "desks" });
    expect(await answer.json()).toMatchObject({
      error: { message: expect.stringContaining("MUSTER_FLEET_HOST") },
    });
  });
});

describe("the secret of an invitation", () => {
  it("is not told to somebody else who answers at that address: not a byte of it", async () => {
    const cluster = await startTrustedCluster();
    const other = await startTrustedCluster();
    const real = parseInvitation(await cluster.invite());
    if (real === undefined) throw new Error("no invitation");
    // With a certificate that is right in all but who has signed it.
    const [authority] = JSON.parse(
      await readFile(join(other.trustDirectory, "authorities.json"), "utf8"),
    ).authorities;
    const heard: Buffer[] = [];
    let connections = 0;
    const thief = createServer({
      ...{ key: authority.key, cert: authority.certificate, ALPNProtocols: ["h2"] },
    });
    thief.on("connection", () => {
      connections += 1;
    });
    thief.on("secureConnection", (socket) => {
      socket.on("data", (data) => heard.push(data)).on("error", () => {});
    });
    await new Promise<void>((resolve) => thief.listen(0, "127.0.0.1", resolve));
    untilTestEnds(() => thief.close());
    const { port } = thief.address() as { port: number };
    for (const address of [`127.0.0.1:${port}`, other.orchestrator.fleetAddress]) {
      const as = await asDesk();
      await expect(joinFleet(formatInvitation({ ...real, address }), as)).rejects.toMatchObject({
        code: "forbidden",
        message: expect.stringContaining("nothing was told to it"),
      });
      expect(await readdir(as.dataDirectory)).toEqual([]);
    }
    expect(connections).toBe(1);
    expect(Buffer.concat(heard)).toHaveLength(0);
    // And it still counts where it belongs.
    await joinFleet(formatInvitation(real), await asDesk());
  });
});

describe("what a machine keeps of its joining", () => {
  it("is its own user's alone, as are the keys of the authority", async () => {
    const cluster = await startTrustedCluster();
    const as = await asDesk();
    await mkdir(as.dataDirectory, { recursive: true });
    const { name } = await joinFleet(await cluster.invite(), as);
    const mode = async (...path: string[]) => (await stat(join(...path))).mode & 0o777;
    expect(await mode(as.dataDirectory, "identity")).toBe(0o700);
    expect(await mode(as.dataDirectory, "identity", name)).toBe(0o700);
    expect(await mode(as.dataDirectory, "identity", name, "identity.json")).toBe(0o600);
    expect(await mode(cluster.trustDirectory, "authorities.json")).toBe(0o600);
  });
});

async function everyFile(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), "latin1")));
}
