import type { LookupAddress } from "node:dns";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { checkedLookup, MusterError, parseHostRule, type Reach, RefusedHost, silentLog } from "@muster/base";
import { createModelDownload } from "@muster/models";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually, startCluster, temporaryDirectory } from "../../harness/cluster.ts";
import { startTrap } from "../../harness/trap.ts";

type Found = readonly LookupAddress[] | NodeJS.ErrnoException;

const v4 = (address: string): LookupAddress => ({ address, family: 4 });
const v6 = (address: string): LookupAddress => ({ address, family: 6 });

/** A resolver that gives one answer after the other, and the last one for ever; all for any name. */
function resolving(...answers: readonly [Found, ...Found[]]) {
  const asked: string[] = [];
  const resolve: NonNullable<Reach["resolve"]> = (host, done) => {
    const found = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(host);
    if (found instanceof Error) done(found, []);
    else done(null, found);
  };
  return { resolve, asked };
}

/** Fetches a file by its URL, with a server of this machine named in the configuration. */
async function download(url: string, reach: Partial<Reach>) {
  const retry = { baseMs: 1, maxMs: 1, maxFruitless: 3, maxTries: 5 };
  const folder = await temporaryDirectory();
  return await createModelDownload({ reach: { rules: [], ...reach }, log: silentLog, retry }).fetch({
    ...{ url, target: join(folder, "a.gguf"), token: undefined, sha256: undefined, bytes: undefined },
    ...{ signal: new AbortController().signal, onProgress() {}, inspect: async () => {} },
  });
}

/** A server of this machine that redirects every request to where the test says. */
async function startRedirecting(location: string) {
  // Browsers and servers write other letters so; where a URL is read, they are themselves again.
  const written = location.replace(/[^!-~]/gu, encodeURIComponent);
  const server = createServer((_request, response) => response.writeHead(302, { location: written }).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/a.gguf`, rules: [parseHostRule(`127.0.0.1:${port}`, "a test")] };
}

/** Ways to write this machine's address, or one that leads to it. */
const spellings = (port: number) => [
  `https://127.0.0.1:${port}/a.gguf`,
  `https://127.1:${port}/a.gguf`,
  `https://127.0.0.1.:${port}/a.gguf`,
  `https://2130706433:${port}/a.gguf`,
  `https://0x7f000001:${port}/a.gguf`,
  `https://0177.0.0.1:${port}/a.gguf`,
  `https://0:${port}/a.gguf`,
  `https://127。0。0。1:${port}/a.gguf`,
  `https://①②⑦.0.0.1:${port}/a.gguf`,
  `https://[::1]:${port}/a.gguf`,
  `https://[0:0:0:0:0:0:0:1]:${port}/a.gguf`,
  `https://[::]:${port}/a.gguf`,
  `https://[::ffff:127.0.0.1]:${port}/a.gguf`,
  `https://[::ffff:7f00:1]:${port}/a.gguf`,
  `https://[64:ff9b::7f00:1]:${port}/a.gguf`,
  `https://[fe80::1]:${port}/a.gguf`,
  `https://localhost:${port}/a.gguf`,
  `https://LOCALHOST:${port}/a.gguf`,
  `https://localhost.:${port}/a.gguf`,
  `https://any.localhost:${port}/a.gguf`,
  `https://ⓛocalhost:${port}/a.gguf`,
  "https://169.254.169.254/latest/meta-data/a.gguf",
  "https://2852039166/latest/meta-data/a.gguf",
  "https://[fd00:ec2::254]/a.gguf",
  "https://100.100.100.200/a.gguf",
  "https://10.0.0.1/a.gguf",
  "https://192.168.0.1/a.gguf",
  "https://[fd12::1]/a.gguf",
];

describe("a redirect", () => {
  it("from a server that is allowed leads to no address of this machine or its network", async () => {
    const trap = await startTrap();
    for (const location of spellings(trap.port)) {
      const { url, rules } = await startRedirecting(location);
      const failure = await download(url, { rules }).catch((error: Error) => error);
      const { code, message } = MusterError.from(failure);
      expect({ location, code, message }).toEqual({
        location,
        code: "model_load_failed",
        message: expect.stringContaining("MUSTER_FETCH_HOSTS="),
      });
    }
    expect(trap.caught()).toBe(0);
  });

  it("is not followed to http:, to another scheme, with a password, or for ever", async () => {
    const trap = await startTrap();
    for (const [location, says] of [
      [`http://10.0.0.1:${trap.port}/a.gguf`, "not encrypted"],
      ["file:///etc/passwd", "not encrypted"],
      ["gopher://127.0.0.1/", "not encrypted"],
      [`https://hub.example@127.0.0.1:${trap.port}/a.gguf`, "user name or password"],
      ["https://[::1", "no URL"],
      ["/a.gguf", "more than 8 times"],
    ] as const) {
      const { url, rules } = await startRedirecting(location);
      const failure = await download(url, { rules }).catch((error: Error) => error);
      expect({ location, failure }).toMatchObject({
        failure: { code: "model_load_failed", message: expect.stringContaining(says) },
      });
    }
    expect(trap.caught()).toBe(0);
  });
});

describe("a name", () => {
  it("that leads to this machine or its network is not connected to", async () => {
    const trap = await startTrap();
    for (const address of [
      ...[v4("127.0.0.1"), v4("127.8.8.8"), v4("0.0.0.0"), v4("10.1.2.3"), v4("169.254.169.254")],
      ...[v6("::1"), v6("::ffff:127.0.0.1"), v6("fe80::1"), v6("fd00::1"), v6("64:ff9b::a00:1")],
    ]) {
      const { resolve } = resolving([address]);
      const failure = await download(`https://models.example:${trap.port}/a.gguf`, { resolve }).catch(
        (error: Error) => error,
      );
      expect({ address, failure }).toMatchObject({
        failure: {
          code: "model_load_failed",
          message: expect.stringContaining(`MUSTER_FETCH_HOSTS=models.example:${trap.port}`),
        },
      });
      expect((failure as Error).message).not.toContain(address.address);
    }
    expect(trap.caught()).toBe(0);
  });

  it("that leads elsewhere the next time is looked up once for each connection, and used as it was checked", async () => {
    const trap = await startTrap();
    const url = new URL(`https://rebind.example:${trap.port}/a.gguf`);
    const rebinding = resolving([v4("8.8.8.8")], [v4("127.0.0.1")]);
    const lookup = checkedLookup(url, { rules: [], resolve: rebinding.resolve });
    const once = () =>
      new Promise((resolve) =>
        lookup(url.hostname, { all: true }, (error, found) => resolve(error ?? found)),
      );
    expect(await once()).toEqual([v4("8.8.8.8")]);
    expect(rebinding.asked).toEqual(["rebind.example"]);
    expect(await once()).toBeInstanceOf(RefusedHost);

    // A name server that fails first, and gives this machine to the retry.
    const later = resolving(Object.assign(new Error("try again"), { code: "EAI_AGAIN" }), [v4("127.0.0.1")]);
    await expect(download(url.href, { resolve: later.resolve })).rejects.toThrow("nothing is fetched from");
    expect(later.asked).toHaveLength(2);
    expect(trap.caught()).toBe(0);
  });

  it("with several addresses is connected to at those alone that may be", async () => {
    const url = new URL("https://mixed.example/a.gguf");
    const { resolve } = resolving([v4("10.0.0.1"), v6("::1"), v4("8.8.8.8"), v6("2606:4700::1111")]);
    const lookup = checkedLookup(url, { rules: [], resolve });
    const found = (options: object) =>
      new Promise((done) => lookup(url.hostname, options, (error, ...all) => done(error ?? all)));
    expect(await found({ all: true })).toEqual([[v4("8.8.8.8"), v6("2606:4700::1111")]]);
    expect(await found({ family: 4 })).toEqual(["8.8.8.8", 4]);
    expect(await found({})).toEqual(["8.8.8.8", 4]);
  });
});

describe("what a key holder names", () => {
  it("is fetched by no orchestrator and no worker from this machine or its network", async () => {
    const trap = await startTrap();
    const cluster = await startCluster();
    await cluster.worker("desk");
    const [desk] = await cluster.workers();
    const named = [
      ...spellings(trap.port),
      `http://127.0.0.1:${trap.port}/a.gguf`,
      `https://public.example@127.0.0.1:${trap.port}/a.gguf`,
    ];
    for (const uri of named) {
      const added = await cluster.post("/cluster/v1/models", { uri, id: "added" });
      expect({ uri, status: added.status }).toEqual({ uri, status: 400 });
      await cluster.post("/cluster/v1/mirror/pull", { model: uri });
    }
    for (const model_uri of named) {
      const path = `/cluster/v1/workers/${desk?.id}/replicas`;
      const ordered = await cluster.post(path, { model_uri, model: "ordered" });
      const { id } = (await ordered.json()) as { id: string };
      let error: string | null | undefined;
      await eventually(async () => {
        const replica = (await cluster.workers())[0]?.replicas.find((one) => one.id === id);
        error = replica?.error;
        return replica?.state === "failed";
      });
      expect({ model_uri, error }).toEqual({
        model_uri,
        error: expect.stringMatching(/MUSTER_FETCH_HOSTS|password|http: is not encrypted/),
      });
      await fetch(`${cluster.url}${path}/${id}`, { method: "DELETE" });
    }
    expect(trap.caught()).toBe(0);
  });
});
