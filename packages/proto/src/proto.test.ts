import { describe, expect, it } from "vitest";
import { loadFleet, negotiateProtocol, type WorkerMessage, workerBody } from "./index.ts";

describe("negotiateProtocol", () => {
  it("picks the highest version that both know", () => {
    expect(negotiateProtocol({ min: 1, max: 5 }, { min: 2, max: 3 })).toBe(3);
    expect(negotiateProtocol({ min: 1, max: 2 }, { min: 2, max: 3 })).toBe(2);
  });

  it("finds none where the ranges do not meet", () => {
    expect(negotiateProtocol({ min: 4, max: 5 }, { min: 1, max: 3 })).toBeUndefined();
    expect(negotiateProtocol({ min: 1, max: 1 }, { min: 2, max: 3 })).toBeUndefined();
  });
});

describe("the wire format", () => {
  const { service } = loadFleet();
  const { requestSerialize, requestDeserialize } = service.Connect;

  it("carries a message there and back, with absent optionals absent", () => {
    const message: WorkerMessage = {
      output: { attemptId: "req-1", epoch: 2, sequence: 0, text: "größer 🙂", tokens: 3 },
    };
    const body = workerBody(requestDeserialize(requestSerialize(message)));
    expect(body?.kind).toBe("output");
    if (body?.kind !== "output") return;
    expect(body.value.text).toBe("größer 🙂");
    expect(body.value.epoch).toBe(2);
  });

  it("gives no body for a kind that this build does not know", () => {
    const unknownField = Buffer.from([0xba, 0x3e, 0x00]);
    expect(workerBody(requestDeserialize(unknownField))).toBeUndefined();
  });

  it("gives numbers for 64-bit sizes", () => {
    const bytes = 96 * 2 ** 30;
    const body = workerBody(
      requestDeserialize(requestSerialize({ hello: { hardware: { ramBytes: bytes } } })),
    );
    expect(body?.kind === "hello" ? body.value.hardware?.ramBytes : undefined).toBe(bytes);
  });
});
