import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { LocalAnswer, LocalCommand, LocalStatus } from "../../core/local-command.ts";
import { createPauseFile } from "../disk/pause-file.ts";
import { controlAddress } from "./address.ts";
import { askWorker } from "./client.ts";
import { controlKeyPath } from "./control-key.ts";
import { createLocalSocket } from "./server.ts";

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "muster-local-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

function status(name: string): LocalStatus {
  return {
    workerId: `wrk-${name}`,
    name,
    version: "0",
    pid: 1,
    orchestrator: "127.0.0.1:1",
    isConnected: true,
    isDraining: false,
    availability: { state: "lending", reason: "", policy: "always" },
    sinceMs: 0,
    replicas: [],
    running: { interactive: 0, batch: 0 },
    givenBack: { interactive: 0, batch: 0 },
    gpus: [],
  };
}

/** A worker that only listens. */
async function listen(dataDirectory: string, name: string) {
  const commands: LocalCommand[] = [];
  const address = controlAddress(dataDirectory, name);
  const socket = createLocalSocket(address, controlKeyPath(dataDirectory, name));
  const handle = async (command: LocalCommand): Promise<LocalAnswer> => {
    commands.push(command);
    if (command.command === "resume") throw new Error("the disk is full");
    return { kind: "status", status: status(name) };
  };
  const listening = await socket.listen(handle);
  onTestFinished(() => socket.close());
  return { commands, address, socket, listening };
}

/** What comes back for one line. */
function exchange(address: string, line: string): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(address);
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.endsWith("\n")) socket.end();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
    socket.write(line);
  });
}

describe("the owner's way to the worker", () => {
  it("takes commands from this user alone, and answers with how things stand", async () => {
    const dataDirectory = await directory();
    const folder = join(dataDirectory, "workers", "desk");
    await mkdir(folder, { recursive: true, mode: 0o777 });
    await chmod(folder, 0o777);
    const { commands, address, listening } = await listen(dataDirectory, "desk");
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(listening).toEqual({ kind: "listening" });
    expect((await stat(address)).mode & 0o777).toBe(0o600);
    const where = { dataDirectory, name: "desk" };
    expect(await askWorker({ command: "pause", forMs: 60_000 }, where)).toMatchObject({ name: "desk" });
    await askWorker({ command: "pause", forMs: undefined }, where);
    expect(commands.filter(({ command }) => command !== "status")).toEqual([
      { command: "pause", forMs: 60_000 },
      { command: "pause", forMs: undefined },
    ]);
    await expect(askWorker({ command: "resume" }, where)).rejects.toThrow("the disk is full");
  });

  it("finds the only worker without its name, also that of muster up, and asks which where there are several", async () => {
    const dataDirectory = await directory();
    const where = { dataDirectory, name: undefined };
    await expect(askWorker({ command: "status" }, where)).rejects.toMatchObject({ code: "not_found" });
    await listen(join(dataDirectory, "up"), "home");
    expect((await askWorker({ command: "status" }, where)).name).toBe("home");
    await listen(dataDirectory, "desk");
    await expect(askWorker({ command: "status" }, where)).rejects.toMatchObject({
      code: "invalid_request",
      message: expect.stringContaining("--name"),
    });
    expect((await askWorker({ command: "status" }, { dataDirectory, name: "desk" })).name).toBe("desk");
    await expect(askWorker({ command: "status" }, { dataDirectory, name: "gone" })).rejects.toThrow('"gone"');
  });

  it("takes the place of a worker that was killed, and not of one that listens", async () => {
    const dataDirectory = await directory();
    const first = await listen(dataDirectory, "desk");
    expect((await listen(dataDirectory, "desk")).listening).toEqual({ kind: "inUse" });
    await first.socket.close();
    const address = controlAddress(dataDirectory, "desk");
    await writeFile(address, "left behind");
    expect((await listen(dataDirectory, "desk")).listening).toEqual({ kind: "listening" });
  });

  it("says so where the path is too long for a socket", async () => {
    const { listening } = await listen(join(await directory(), "x".repeat(120)), "desk");
    expect(listening).toEqual({ kind: "failed", reason: expect.stringContaining("--data-dir") });
  });

  it("is not taken from whoever cannot read the worker's key, and has it again with the worker", async () => {
    const dataDirectory = await directory();
    const { address, socket } = await listen(dataDirectory, "desk");
    const keyPath = controlKeyPath(dataDirectory, "desk");
    expect((await stat(keyPath)).mode & 0o777).toBe(0o600);
    const where = { dataDirectory, name: "desk" };
    const nonce = "0".repeat(32);
    const earlier = await exchange(address, `${nonce} {"command":"status"}\n`);
    expect(earlier).toMatch(/^[0-9a-f]{64} \{/);
    await socket.close();
    const lie = JSON.stringify({ kind: "status", status: status("desk") });
    for (const answer of [lie, earlier.trim(), `${"0".repeat(64)} ${lie}`, earlier.slice(0, 64)]) {
      await rm(address, { force: true });
      const impostor = createServer((caller) => {
        caller.on("error", () => {});
        caller.once("data", () => caller.end(`${answer}\n`));
      });
      await new Promise<void>((resolve) => impostor.listen(address, resolve));
      await expect(askWorker({ command: "status" }, where)).rejects.toMatchObject({ code: "forbidden" });
      await new Promise((resolve) => impostor.close(resolve));
    }
    await rm(address, { force: true });
    await listen(dataDirectory, "desk");
    expect((await askWorker({ command: "status" }, where)).name).toBe("desk");
  });

  it("refuses what is no command, and closes on what has no end", async () => {
    const { address, commands } = await listen(await directory(), "desk");
    for (const line of [
      "nonsense\n",
      "{}\n",
      '{"command":"shutdown"}\n',
      '{"command":"pause","forMs":-1}\n',
    ]) {
      expect(JSON.parse(await exchange(address, line)), line).toMatchObject({ kind: "refused" });
    }
    expect(await exchange(address, "x".repeat(100_000))).toBe("");
    expect(commands).toEqual([]);
  });
});

describe("a pause on disk", () => {
  it("is there until it is taken back", async () => {
    const file = join(await directory(), "workers", "desk", "pause.json");
    const pauses = createPauseFile(file);
    expect(await pauses.read()).toBeUndefined();
    for (const pause of [{ untilMs: 5 }, { untilMs: undefined }]) {
      await pauses.write(pause);
      expect(await createPauseFile(file).read()).toEqual(pause);
    }
    expect((await stat(dirname(file))).mode & 0o777).toBe(0o700);
    await pauses.write(undefined);
    await pauses.write(undefined);
    expect(await pauses.read()).toBeUndefined();
    // Taken back before it was kept.
    await Promise.all([pauses.write({ untilMs: 5 }), pauses.write(undefined)]);
    expect(await pauses.read()).toBeUndefined();
  });
});
