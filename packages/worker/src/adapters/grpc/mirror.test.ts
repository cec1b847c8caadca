import { Server, ServerCredentials, type ServerWritableStream, status } from "@grpc/grpc-js";
import type { BlobAsk } from "@muster/models";
import { loadFleet, type WireBlobPiece, type WireBlobRequestRead } from "@muster/proto";
import { describe, expect, it, onTestFinished } from "vitest";
import { createGrpcMirror } from "./mirror.ts";

type Call = ServerWritableStream<WireBlobRequestRead, WireBlobPiece>;

/** A real gRPC server with `serve` on its end of each call. */
async function mirrorOf(serve: ((call: Call) => void) | undefined) {
  const server = new Server();
  server.addService(loadFleet().service, serve === undefined ? {} : { FetchBlob: serve });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  onTestFinished(() => server.forceShutdown());
  return createGrpcMirror({ address: `127.0.0.1:${port}`, identity: () => undefined, workerId: "w1" });
}

const ask: BlobAsk = { source: "hf:o/r/a.gguf@main", sha256: undefined, offset: 5 };
const { signal } = new AbortController();

async function gather(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all).toString();
}

describe("the orchestrator's mirror", () => {
  it("is asked with the worker's id, and gives the file's bytes", async () => {
    const mirror = await mirrorOf((call) => {
      expect(call.metadata.get("worker-id")).toEqual(["w1"]);
      expect(call.request).toMatchObject({ uri: ask.source, sha256: "", offset: 5 });
      call.write({ totalBytes: 12, sha256: "" });
      call.write({ data: Buffer.from("abc") });
      call.write({ data: Buffer.alloc(0) });
      call.write({ data: Buffer.from("defg") });
      call.write({ totalBytes: 12, sha256: "d".repeat(64) });
      call.end();
    });
    const flow = await mirror.open(ask, signal);
    expect(flow).toMatchObject({ totalBytes: 12, sha256: undefined });
    expect(flow.finalSha256()).toBeUndefined();
    expect(await gather(flow.pieces())).toBe("abcdefg");
    expect(flow.finalSha256()).toBe("d".repeat(64));
    flow.close();
  });

  it("vouches for nothing that ended before its end", async () => {
    const mirror = await mirrorOf((call) => {
      call.write({ totalBytes: 12, sha256: "d".repeat(64) });
      call.write({ data: Buffer.from("abc") });
      call.end();
    });
    const flow = await mirror.open(ask, signal);
    expect(await gather(flow.pieces())).toBe("abc");
    expect(flow.finalSha256()).toBeUndefined();
    flow.close();
  });

  it.each([
    [status.NOT_FOUND, "not_found"],
    [status.FAILED_PRECONDITION, "model_load_failed"],
    [status.UNAUTHENTICATED, "unauthenticated"],
    [status.RESOURCE_EXHAUSTED, "queue_full"],
    [status.ABORTED, undefined],
    [status.INTERNAL, undefined],
  ])("is understood when it says no with %s", async (code, wanted) => {
    const mirror = await mirrorOf((call) => void call.emit("error", { code, details: "because" }));
    const failure = await mirror.open(ask, signal).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect((failure as Error).message).toContain("because");
    expect((failure as { code?: string }).code).toBe(wanted);
  });

  it("may break off in the midst", async () => {
    const mirror = await mirrorOf((call) => {
      call.write({ totalBytes: 12, sha256: "" });
      call.write({ data: Buffer.from("abc") });
      call.emit("error", { code: status.FAILED_PRECONDITION, details: "its SHA-256 is another" });
    });
    const flow = await mirror.open(ask, signal);
    await expect(gather(flow.pieces())).rejects.toMatchObject({ code: "model_load_failed" });
    flow.close();
  });

  it("is not there at an older orchestrator, and not where nobody listens", async () => {
    await expect((await mirrorOf(undefined)).open(ask, signal)).rejects.toMatchObject({
      code: "unsupported",
    });
  });

  it("is left when the signal fires", async () => {
    let isLeft: () => void = () => {};
    const left = new Promise<void>((resolve) => {
      isLeft = resolve;
    });
    const stop = new AbortController();
    const mirror = await mirrorOf((call) => {
      call.on("cancelled", () => isLeft());
      call.write({ totalBytes: 12, sha256: "" });
    });
    const flow = await mirror.open(ask, stop.signal);
    const reading = gather(flow.pieces());
    stop.abort();
    await expect(reading).rejects.toThrow();
    await left;
    flow.close();
  });
});
