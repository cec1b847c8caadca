import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MirrorStatus } from "@muster/sdk";
import { describe, expect, it, onTestFinished } from "vitest";
import { createTestIo, runCommand } from "../command-io.fixture.ts";
import { listenForTest } from "../listen-for-test.fixture.ts";
import { modelsCommand } from "./models.ts";

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly body: Buffer;
}

const nothing: MirrorStatus = {
  object: "mirror",
  files: [],
  fetching: [],
  used_bytes: 0,
  budget_bytes: null,
  free_disk_bytes: 50 * 2 ** 30,
  workers: [],
};
const uri = "hf:o/r/a.gguf@main";
const file = { uri, bytes: 2 ** 30, sha256: "a".repeat(64), pinned: false, in_use: false, last_used_at: 0 };

/** Speaks the mirror's routes: `statuses` are given one after the other, the last one for good. */
async function startMirror(statuses: MirrorStatus[], workers: readonly string[] = []) {
  const seen: Seen[] = [];
  const answerOf = ({ method, path, body }: Seen): [number, unknown] => {
    if (method === "GET") return [200, statuses.length > 1 ? statuses.shift() : statuses[0]];
    if (method === "PUT") return [201, { uri: "local:mine.gguf", bytes: body.length, sha256: "x" }];
    if (path.includes("unknown")) {
      const error = { message: "There is no such model.", type: "e", param: null, code: "model_not_found" };
      return [404, { error }];
    }
    return [202, { object: "mirror_order", uri, files: [uri], workers }];
  };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const one = { method: request.method ?? "", path: request.url ?? "", body: Buffer.concat(parts) };
    seen.push(one);
    const [status, body] = answerOf(one);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  const { url } = await listenForTest(server);
  const run = async (...args: string[]) => {
    const io = createTestIo();
    await runCommand(io, modelsCommand, [...args, "--url", url]);
    return io;
  };
  return { seen, run };
}

describe("muster models pull", () => {
  it("waits until the model is in the mirror and on the workers that were told", async () => {
    const fetching = [{ uri, done_bytes: 2 ** 29, total_bytes: 2 ** 30, error: null }];
    const onDesk = { uri, bytes: 2 ** 30, sha256: null, last_used_at: null };
    const desk = { id: "w1", name: "desk", files: [], fetching };
    const { seen, run } = await startMirror(
      [
        { ...nothing, fetching, workers: [desk] },
        { ...nothing, files: [file], workers: [desk] },
        { ...nothing, files: [file], workers: [{ ...desk, files: [onDesk], fetching: [] }] },
      ],
      ["desk"],
    );
    const io = await run("pull", uri, "--workers", "--pin");
    expect(io.out()).toBe("mirror: 1 GiB\ndesk: 1 GiB\n");
    expect(io.err()).toBe("to mirror and 1 more: 512 MiB of 1 GiB, 50 %\n");
    expect(io.exitCode()).toBe(0);
    expect(JSON.parse(String(seen[0]?.body))).toEqual({ model: uri, workers: true });
    expect(seen.at(-1)).toMatchObject({ method: "POST", path: "/cluster/v1/mirror/pin" });
  });

  it("says where it has failed, and why", async () => {
    const fetching = [{ uri, done_bytes: 0, total_bytes: null, error: "The hub has no such file." }];
    const io = await (await startMirror([{ ...nothing, fetching }])).run("pull", uri);
    expect(io.err()).toBe("mirror: The hub has no such file.\n");
    expect(io.exitCode()).toBe(1);
  });

  it("waits for nothing where it is told so", async () => {
    const { seen, run } = await startMirror([nothing]);
    expect((await run("pull", uri, "--no-wait")).out()).toBe(`Getting ${uri}.\n`);
    expect(seen.map(({ method }) => method)).toEqual(["POST"]);
  });
});

describe("muster models rm", () => {
  it("removes a model, from the workers as well where that is asked", async () => {
    const { seen, run } = await startMirror([nothing], ["desk"]);
    expect((await run("rm", uri, "--workers")).out()).toBe(`Removed ${uri}, and asked 1 worker to.\n`);
    expect(seen[0]?.path).toBe(`/cluster/v1/mirror/models/${encodeURIComponent(uri)}?workers=true`);
  });

  it("says so where there is none", async () => {
    const io = await (await startMirror([nothing])).run("rm", "unknown");
    expect(io.err()).toContain("There is no such model.");
    expect(io.exitCode()).toBe(1);
  });
});

describe("muster models disk", () => {
  it("shows which files are where, and what is on its way", async () => {
    const seconds = Math.floor(Date.now() / 1000);
    const { run } = await startMirror([
      {
        ...nothing,
        files: [{ ...file, pinned: true, in_use: true, last_used_at: seconds - 120 }],
        used_bytes: 2 ** 30,
        budget_bytes: 200 * 2 ** 30,
        workers: [
          {
            ...{ id: "w1", name: "desk" },
            files: [{ uri, bytes: 2 ** 30, sha256: null, last_used_at: null }],
            fetching: [
              { uri: "hf:o/r/b.gguf", done_bytes: 2 ** 29, total_bytes: 2 ** 30, error: null },
              { uri: "hf:o/r/c.gguf", done_bytes: 0, total_bytes: null, error: "No room." },
            ],
          },
          { id: "w2", name: "old", files: null },
        ],
      },
    ]);
    expect(
      (await run("disk"))
        .out()
        .replace(/2 min( \d s)? ago/, "2 min ago")
        .replace(/ {2,}/g, "  "),
    ).toBe(
      [
        "where  file  size  used",
        "mirror  hf:o/r/a.gguf@main  1 GiB  2 min ago  pinned, in use",
        "desk  hf:o/r/a.gguf@main  1 GiB  -",
        "desk  hf:o/r/b.gguf  1 GiB  -  coming 50 %",
        "desk  hf:o/r/c.gguf  0 B  -  failed: No room.",
        "",
        "The mirror takes 1 GiB of 200 GiB; its disk has 50 GiB free.",
        "",
      ].join("\n"),
    );
  });

  it("prints the server's JSON, and says what to do where there is nothing", async () => {
    const { run } = await startMirror([nothing]);
    expect(JSON.parse((await run("disk", "--json")).out())).toMatchObject({ object: "mirror", files: [] });
    expect((await run("disk")).out()).toContain("muster models pull <model>");
  });
});

describe("muster models import", () => {
  it("sends the model files of a folder, but what is broken or there already", async () => {
    const folder = await mkdtemp(join(tmpdir(), "muster-import-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const mine = await readFile(new URL("../../../models/built-in/tiny-gemma.gguf", import.meta.url));
    const known = Buffer.concat([mine, Buffer.alloc(8)]);
    const sha256Of = (content: Buffer) => createHash("sha256").update(content).digest("hex");
    await writeFile(join(folder, "mine (1).gguf"), mine);
    await writeFile(join(folder, "known.gguf"), known);
    await writeFile(join(folder, "broken.gguf"), mine.subarray(0, mine.length - 8));
    await writeFile(join(folder, "notes.txt"), "no model");
    const { seen, run } = await startMirror([{ ...nothing, files: [{ ...file, sha256: sha256Of(known) }] }]);
    const io = await run("import", folder);
    const sent = seen.filter(({ method }) => method === "PUT");
    expect(sent).toHaveLength(1);
    expect(sent[0]?.body.equals(mine)).toBe(true);
    expect(sent[0]?.path).toBe(
      `/cluster/v1/mirror/files/mine-1-.gguf?bytes=${mine.length}&sha256=${sha256Of(mine)}`,
    );
    expect(io.out()).toContain(`known.gguf: there already, as ${uri}`);
    expect(io.out()).toMatch(/mine \(1\)\.gguf: .* kept as local:mine\.gguf/);
    expect(io.err()).toContain("is cut short");
    expect(io.exitCode()).toBe(1);
  });

  it("ends with 2 where there is nothing to import", async () => {
    const folder = await mkdtemp(join(tmpdir(), "muster-import-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { run } = await startMirror([nothing]);
    expect((await run("import", folder)).exitCode()).toBe(2);
    expect((await run("import", join(folder, "gone.gguf"))).exitCode()).toBe(2);
  });
});
