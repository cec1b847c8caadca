import { expect, test } from "vitest";
import { commandIn } from "./command-in.ts";

test("a command at the end of a sentence can be copied without it", () => {
  expect(commandIn("Ask it again: muster workers check lab-1 rep-4")).toBe(
    "muster workers check lab-1 rep-4",
  );
  expect(commandIn('Make a key: "muster keys create".')).toBe("muster keys create");
  expect(commandIn("Run `muster batch follow b-1` and wait.")).toBe("muster batch follow b-1");
});

test("a command with a blank to fill in is not copied", () => {
  expect(commandIn('Pin fewer: "muster models pin gemma --replicas N".')).toBeUndefined();
});

test("a sentence that only speaks of Muster has no command", () => {
  expect(commandIn("Look whether Muster runs there.")).toBeUndefined();
  expect(commandIn("Restart the machine.")).toBeUndefined();
});
