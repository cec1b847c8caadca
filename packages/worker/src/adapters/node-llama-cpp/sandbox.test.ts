import { silentLog } from "@muster/base";
import { describe, expect, it } from "vitest";
import { createSandboxes, noSandbox } from "./sandbox.ts";

const path = process.env["PATH"];

describe("the sandboxes of a machine", () => {
  it("are none where there is no Linux, and strict says so", async () => {
    const other = { log: silentLog, path, platform: "darwin" } as const;
    expect(await createSandboxes({ ...other, mode: "auto" }).current()).toBe(noSandbox);
    await expect(createSandboxes({ ...other, mode: "strict" }).current()).rejects.toMatchObject({
      code: "model_load_failed",
      message: expect.stringContaining("MUSTER_SANDBOX"),
    });
  });

  it("are none where they are switched off", async () => {
    expect(await createSandboxes({ log: silentLog, path, mode: "off" }).current()).toBe(noSandbox);
  });

  it("are the strictest that programs run under, and the next once a sound model says that it does not", async () => {
    const sandboxes = createSandboxes({ log: silentLog, path, mode: "auto" });
    const seen: string[] = [];
    for (let at = 0; at < 5; at++) {
      const sandbox = await sandboxes.current();
      expect(seen).not.toContain(sandbox.name);
      seen.push(sandbox.name);
      if (sandbox === noSandbox) break;
      sandboxes.rule(sandbox);
    }
    expect(seen.at(-1)).toBe("none");
    // What is not the current one rules nothing out.
    const others = createSandboxes({ log: silentLog, path, mode: "auto" });
    const first = await others.current();
    others.rule({ ...noSandbox, name: "another" });
    expect(await others.current()).toBe(first);
  });
});
