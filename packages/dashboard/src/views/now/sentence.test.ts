import type { LiveFlow, LiveNow, LiveWorker } from "@muster/sdk";
import { expect, test } from "vitest";
import { sentenceOf } from "./sentence.ts";

const now = (total: Partial<LiveFlow> = {}) =>
  ({
    total: {
      generated_tokens_per_second: 0,
      running: 0,
      waiting: 0,
      lines_left: 0,
      oldest_wait_seconds: null,
      ...total,
    },
  }) as LiveNow;
const worker = (state: string, gpus = 1) =>
  ({ state, gpus: Array.from({ length: gpus }, () => ({})) }) as unknown as LiveWorker;

test("a busy cluster says who lends what, how fast, and who waits", () => {
  const workers = [worker("ready"), worker("ready", 2), worker("ready"), worker("away")];
  expect(sentenceOf(now({ generated_tokens_per_second: 812, running: 4 }), workers)).toBe(
    "3 machines lend 4 GPUs; 812 tokens/s; nobody waits.",
  );
  const busy = { generated_tokens_per_second: 90, running: 4, waiting: 1, oldest_wait_seconds: 2.4 };
  expect(sentenceOf(now(busy), [worker("ready")])).toBe(
    "1 machine lends 1 GPU; 90 tokens/s; 1 request waits, the longest for 2.4 s.",
  );
});

test("rest is called rest, and lines of batches are told where nobody else waits", () => {
  expect(sentenceOf(now(), [worker("ready", 0)])).toBe(
    "1 machine lends 1 processor; all at rest; nobody waits.",
  );
  expect(sentenceOf(now({ running: 2, lines_left: 18_240 }), [worker("ready")])).toBe(
    "1 machine lends 1 GPU; 0 tokens/s; 18,240 batch lines to go.",
  );
});

test("a cluster that lends nothing says why", () => {
  expect(sentenceOf(now(), [])).toBe("No machine has joined yet.");
  expect(sentenceOf(now(), [worker("away")])).toBe("The owner has the machine; nobody waits.");
  expect(sentenceOf(now(), [worker("away"), worker("away")])).toBe(
    "All 2 machines are with their owners; nobody waits.",
  );
  expect(sentenceOf(now(), [worker("joining"), worker("away")])).toBe(
    "1 machine is getting ready; nobody waits.",
  );
  expect(sentenceOf(now(), [worker("lost"), worker("away")])).toBe(
    "None of 2 machines is lent now; nobody waits.",
  );
});
