import { spawn } from "node:child_process";
import { once } from "node:events";
import { getPriority } from "node:os";
import { silentLog } from "@muster/base";
import { describe, expect, it, onTestFinished } from "vitest";
import { lowerPriority } from "./lower-priority.ts";

function startChild() {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  onTestFinished(async () => {
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  });
  return child.pid ?? 0;
}

describe("lowerPriority", () => {
  it("lets other programs go first, and leaves a process alone that is to stay", async () => {
    const [low, same] = [startChild(), startChild()];
    await lowerPriority(low, 10, silentLog);
    await lowerPriority(same, 0, silentLog);
    expect(getPriority(low)).toBeGreaterThanOrEqual(10);
    expect(getPriority(same)).toBe(getPriority());
  });

  it("does nothing to a process that is gone", async () => {
    await expect(lowerPriority(undefined, 10, silentLog)).resolves.toBeUndefined();
    await expect(lowerPriority(2 ** 30, 10, silentLog)).resolves.toBeUndefined();
  });
});
