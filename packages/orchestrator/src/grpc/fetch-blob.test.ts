import { type ClientReadableStream, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { type Clock, deferred, ManualClock, MusterError, silentLog } from "@muster/base";
import { loadFleet, type WireBlobPieceRead } from "@muster/proto";
import { describe, expect, it, onTestFinished } from "vitest";
import { AttemptTable } from "../flows/attempt-table.ts";
import { FleetRegistry } from "../flows/fleet-registry.ts";
import { noMetrics } from "../flows/flows.fixture.ts";
import type { Mirror } from "../flows/mirror.ts";
import { startFleetServer } from "./fleet-service.ts";

type Ask = Parameters<Mirror["open"]>[0];

async function serve(mirror: Pick<Mirror, "open"> | undefined, clock: Clock = new ManualClock()) {
  const log = silentLog;
  const fleet = new FleetRegistry({ clock, log });
  const attempts = new AttemptTable({ clock, log, fleet, metrics: noMetrics });
  const server = await startFleetServer({
    ...{ host: "127.0.0.1", port: 0, heartbeatIntervalMs: 1_000 },
    ...{ orchestratorId: "orc", version: "0", fleet, attempts, clock, log, mirror },
  });
  const client = new (loadFleet().Client)(server.address, credentials.createInsecure());
  onTestFinished(async () => {
    client.close();
    await server.close();
  });
  return {
    fetch(uri: string, over: { readonly worker?: string; readonly offset?: number } = {}) {
      const metadata = new Metadata();
      if (over.worker !== undefined) metadata.set("worker-id", over.worker);
      return client.FetchBlob({ uri, sha256: "", offset: over.offset ?? 0 }, metadata);
    },
  };
}

async function collect(call: ClientReadableStream<WireBlobPieceRead>): Promise<WireBlobPieceRead[]> {
  const pieces: WireBlobPieceRead[] = [];
  for await (const piece of call) pieces.push(piece as WireBlobPieceRead);
  return pieces;
}

const codeOf = (call: ClientReadableStream<WireBlobPieceRead>) =>
  collect(call).then(
    () => status.OK,
    (error: ServiceError) => error.code,
  );

/** A file of so many pieces of 256 KiB. */
function fileOf(
  count: number,
  onPiece: (at: number) => void = () => {},
): Pick<Mirror, "open"> & { asks: Ask[] } {
  const asks: Ask[] = [];
  return {
    asks,
    open: async (ask) => {
      asks.push(ask);
      return {
        totalBytes: count * 262_144,
        sha256: undefined,
        async *pieces() {
          for (let at = 0; at < count; at++) {
            onPiece(at);
            yield Buffer.alloc(262_144, at);
          }
          return { sha256: "c".repeat(64) };
        },
      };
    },
  };
}

describe("FetchBlob", () => {
  it("tells of the file first, sends its bytes in order, and vouches for it last", async () => {
    const mirror = fileOf(3);
    const { fetch } = await serve(mirror);
    const [first, ...rest] = await collect(fetch("hf:o/r/a.gguf", { offset: 7 }));
    expect(mirror.asks).toEqual([{ uri: "hf:o/r/a.gguf", sha256: undefined, offset: 7 }]);
    expect(first).toMatchObject({ totalBytes: 3 * 262_144, sha256: "" });
    expect(rest.map(({ data }) => data[0])).toEqual([0, 1, 2, undefined]);
    expect(rest.at(-1)).toMatchObject({ sha256: "c".repeat(64) });
  });

  it("reads no further than the worker takes, and hangs up on one that takes nothing", async () => {
    const clock = new ManualClock();
    const count = 4_000;
    const closed = deferred<void>();
    let read = 0;
    const open = async () => ({
      ...{ totalBytes: count * 262_144, sha256: undefined },
      async *pieces() {
        try {
          for (; read < count; read++) yield Buffer.alloc(262_144);
          return { sha256: "c".repeat(64) };
        } finally {
          closed.resolve();
        }
      },
    });
    const call = (await serve({ open }, clock)).fetch("hf:o/r/a.gguf");
    const failed = new Promise<ServiceError>((resolve) => call.on("error", resolve));
    await new Promise((resolve) => call.once("data", resolve));
    call.pause();
    let isClosed = false;
    void closed.promise.then(() => {
      isClosed = true;
    });
    // Time passes only for a sender that waits for room.
    while (!isClosed) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(60_000);
    }
    expect(read).toBeLessThan(200);
    call.resume();
    expect((await failed).code).toBe(status.ABORTED);
  });

  it("stops reading when the worker leaves", async () => {
    const closed = deferred<void>();
    const open = async () => ({
      ...{ totalBytes: undefined, sha256: undefined },
      async *pieces() {
        try {
          for (;;) yield Buffer.alloc(262_144);
        } finally {
          closed.resolve();
        }
      },
    });
    const call = (await serve({ open })).fetch("hf:o/r/a.gguf");
    call.on("error", () => {});
    await new Promise((resolve) => call.once("data", resolve));
    call.cancel();
    await closed.promise;
  });

  it.each([
    ["not_found", status.NOT_FOUND],
    ["model_load_failed", status.FAILED_PRECONDITION],
    ["store_full", status.FAILED_PRECONDITION],
    ["invalid_request", status.FAILED_PRECONDITION],
    ["not_ready", status.ABORTED],
    ["queue_full", status.RESOURCE_EXHAUSTED],
    ["internal", status.INTERNAL],
  ] as const)("says %s in gRPC's words", async (code, wanted) => {
    const { fetch } = await serve({
      open: async () => {
        throw new MusterError(code, "a secret path");
      },
    });
    const failure = await collect(fetch("hf:o/r/a.gguf")).catch((error: ServiceError) => error);
    expect(failure).toMatchObject({ code: wanted });
    if (code === "internal") expect((failure as ServiceError).details).not.toContain("secret");
  });

  it("has room again when a file has been sent", async () => {
    const { fetch } = await serve(fileOf(1));
    for (let at = 0; at < 10; at++)
      expect(await codeOf(fetch("hf:o/r/a.gguf", { worker: "w1" }))).toBe(status.OK);
  });

  it("sends one worker a bounded number of files at once", async () => {
    const { fetch } = await serve({
      open: (_ask, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    });
    const open = Array.from({ length: 4 }, () => fetch("hf:o/r/a.gguf", { worker: "w1" }));
    const ends = open.map(codeOf);
    expect(await codeOf(fetch("hf:o/r/a.gguf", { worker: "w1" }))).toBe(status.RESOURCE_EXHAUSTED);
    const other = fetch("hf:o/r/a.gguf", { worker: "w2" });
    const otherEnd = codeOf(other);
    for (const call of [...open, other]) call.cancel();
    expect(await Promise.all([...ends, otherEnd])).toEqual(Array(5).fill(status.CANCELLED));
  });

  it("is not there where the mirror is off", async () => {
    const { fetch } = await serve(undefined);
    expect(await codeOf(fetch("hf:o/r/a.gguf"))).toBe(status.UNIMPLEMENTED);
  });
});
