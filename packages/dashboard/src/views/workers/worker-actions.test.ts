import type { LiveWorker } from "@muster/sdk";
import { expect, test } from "vitest";
import { withPending } from "./worker-actions.ts";

const worker = (state: string, availability: string) =>
  ({ id: "w", state, availability: { state: availability, reason: "", policy: "always" } }) as LiveWorker;

test("what was asked of a worker shows at once", () => {
  const ready = worker("ready", "lending");
  expect(withPending(ready, "drain").state).toBe("draining");
  expect(withPending(ready, "pause").availability.state).toBe("paused");
  expect(withPending(worker("away", "paused"), "resume").state).toBe("joining");
});

test("without a wish, and where it changes nothing, the worker is as it says", () => {
  const ready = worker("ready", "lending");
  expect(withPending(ready, undefined)).toBe(ready);
  expect(withPending(ready, "resume")).toBe(ready);
});
