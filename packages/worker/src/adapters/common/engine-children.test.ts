import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { createEngineChildren } from "./engine-children.ts";

it("counts the processes of engines until they are gone", async () => {
  const children = createEngineChildren();
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  children.watch(child);
  expect(children.pids()).toEqual([child.pid]);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(children.pids()).toEqual([]);
});

it("does not count one that could not be started", async () => {
  const children = createEngineChildren();
  const child = spawn("/no/such/program");
  children.watch(child);
  await once(child, "error");
  expect(children.pids()).toEqual([]);
});
