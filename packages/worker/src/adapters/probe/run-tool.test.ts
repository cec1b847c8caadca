import { expect, test } from "vitest";
import { runTool } from "./run-tool.ts";

test("a command says what it prints; one that is missing or fails says nothing", async () => {
  expect(await runTool(process.execPath, ["-e", "console.log('told')"])).toBe("told\n");
  expect(await runTool("/nowhere/tool", [])).toBeUndefined();
  expect(await runTool(process.execPath, ["-e", "process.exit(3)"])).toBeUndefined();
});

test("a command that hangs and hears no signal is ended all the same", async () => {
  const deaf = "process.on('SIGTERM', () => {}); console.log(process.pid); setInterval(() => {}, 1000)";
  expect(await runTool(process.execPath, ["-e", deaf], process.env, 500)).toBeUndefined();
});
