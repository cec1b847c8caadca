import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { chat, endProcess, eventually, readStream, temporaryDirectory } from "../harness/cluster.ts";
import { tinyModel } from "../support/tiny-model.ts";

const main = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));

interface Running {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly exited: Promise<number | null>;
}

/** Runs `muster` with a mark in its environment, by which everything that it started can be found. */
function muster(args: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, REDIS_URL: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => endProcess(child));
  let text = "";
  const keep = (chunk: Buffer) => {
    text += chunk.toString("utf8");
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  return { child, output: () => text, exited: new Promise((resolve) => child.once("exit", resolve)) };
}

/** Processes whose environment or arguments hold `mark`. */
function processesWith(mark: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return ["environ", "cmdline"].some((file) =>
          readFileSync(`/proc/${pid}/${file}`, "latin1").includes(mark),
        );
      } catch {
        return false;
      }
    });
}

describe("muster demo", () => {
  it("shows right answers, a tool call and a batch over both workers, and leaves no process and no file", async () => {
    const directory = await temporaryDirectory();
    const demo = muster(["demo", "--lines", "6"], { MUSTER_MODEL: "", TMPDIR: directory });
    expect({ code: await demo.exited, output: demo.output() }).toMatchObject({ code: 0 });
    const output = demo.output();
    expect(output).toContain("Answer     The capital of Norway is Oslo.");
    expect(output).toMatch(/Tool call {2}get_weather \{"city": ?"Oslo"\}/);
    expect(output).toContain("Answer     It is 7 degrees with rain in Oslo.");
    expect(output).toMatch(/JSON {7}\{"name": ?"Ada", ?"age": ?36\}/);
    expect(output).toContain("6 of 6 lines have one answer each. 6 of 6 answers are right.");
    expect(output).toMatch(/desk-1 .+\d/);
    expect(output).toMatch(/desk-2 .+\d/);
    expect(output).toMatch(/together +6 /);
    expect(output).toMatch(/API +http:\/\/127\.0\.0\.1:\d+\/v1/);
    expect(processesWith(directory)).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("loses and doubles nothing when a worker is killed in the midst of the batch", async () => {
    const directory = await temporaryDirectory();
    const demo = muster(["demo"], { MUSTER_MODEL: "", TMPDIR: directory });
    expect({ code: await demo.exited, output: demo.output() }).toMatchObject({ code: 0 });
    expect(demo.output()).toContain("desk-2 is killed, and started again,");
    expect(demo.output()).toContain("48 of 48 lines have one answer each. 48 of 48 answers are right.");
    // The engine of the worker that was killed goes by itself, once it notices.
    await eventually(() => processesWith(directory).length === 0, 30_000);
  });

  it("takes another model as well", async () => {
    const directory = await temporaryDirectory();
    const demo = muster(["demo", "--lines", "4"], { MUSTER_MODEL: await tinyModel(), TMPDIR: directory });
    expect({ code: await demo.exited, output: demo.output() }).toMatchObject({ code: 0 });
    expect(demo.output()).toMatch(/Answer +\S/);
    expect(demo.output()).toMatch(/together +4 /);
  });

  it("that is interrupted cleans up as well", async () => {
    const directory = await temporaryDirectory();
    const demo = muster(["demo", "--keep"], { MUSTER_MODEL: await tinyModel(), TMPDIR: directory });
    await eventually(() => demo.output().includes("Serving until Ctrl-C"), 60_000);
    demo.child.kill("SIGINT");
    expect(await demo.exited).toBe(0);
    expect(processesWith(directory)).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe("muster demo that is killed", () => {
  for (const signal of ["SIGKILL", "SIGHUP"] as const) {
    it(`by ${signal} leaves no worker, no engine and no Redis behind`, async () => {
      const directory = await temporaryDirectory();
      const demo = muster(["demo", "--keep"], { MUSTER_MODEL: await tinyModel(), TMPDIR: directory });
      await eventually(() => demo.output().includes("Serving until Ctrl-C"), 60_000);
      expect(processesWith(directory).length).toBeGreaterThan(4);
      demo.child.kill(signal);
      await eventually(() => processesWith(directory).length === 0, 30_000);
    });
  }
});

describe("muster up", () => {
  it("serves a model, answers muster chat, workers and models, and finishes what runs when it is told to stop", async () => {
    const directory = await temporaryDirectory();
    const ports = ["--port", "0", "--fleet-port", "0", "--data-dir", directory];
    const up = muster(["up", await tinyModel(), ...ports, "--slots", "2", "--threads", "1", "--cpu"]);
    await eventually(() => up.output().includes("Serving"), 60_000);
    const url = /up at (http:\S+)\/v1/.exec(up.output())?.[1] ?? "";

    const asked = muster(["chat", "hello there", "--url", url, "--max-tokens", "8"]);
    expect({ code: await asked.exited, output: asked.output() }).toMatchObject({ code: 0 });
    expect(asked.output().trim()).not.toBe("");
    const workers = muster(["workers", "--json", "--url", url]);
    expect(await workers.exited).toBe(0);
    expect(JSON.parse(workers.output())).toBeTruthy();
    const models = muster(["models", "--url", url]);
    expect(await models.exited).toBe(0);
    expect(models.output()).toContain("muster-tiny-random");

    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        ...chat("go on", { stream: true, max_tokens: 400, temperature: 1 }),
        model: "muster-tiny-random",
      }),
    });
    let isTold = false;
    const answer = await readStream(response, () => {
      if (!isTold) up.child.kill("SIGTERM");
      isTold = true;
    });
    expect(answer.error).toBeUndefined();
    expect(answer.isDone).toBe(true);
    expect(await up.exited).toBe(0);
    expect(processesWith(directory)).toEqual([]);
  });
});

describe("muster", () => {
  it("has help for every command, and exit codes that say what went wrong", async () => {
    const help = muster(["--help"]);
    expect(await help.exited).toBe(0);
    for (const command of ["up", "orchestrator", "worker", "chat", "workers", "models", "demo", "doctor"]) {
      expect(help.output()).toContain(command);
      const own = muster([command, "--help"]);
      expect({ command, code: await own.exited }).toEqual({ command, code: 0 });
      expect(own.output()).toContain(`Usage: muster ${command}`);
    }
    const cases: [string[], number, string][] = [
      [["fly"], 2, "unknown command"],
      [["worker", "--slots", "many"], 2, "whole number"],
      [["worker", "--join", "nowhere"], 1, "host:port"],
      [["models", "--url", "http://127.0.0.1:1"], 3, "muster up"],
      [["orchestrator", "--host", "0.0.0.0"], 1, "MUSTER_TLS=own"],
    ];
    for (const [args, code, words] of cases) {
      const run = muster(args);
      expect({ args, code: await run.exited }).toEqual({ args, code });
      expect(run.output()).toContain(words);
    }
  });

  it("checks the machine with doctor, and says what to do about what is missing", async () => {
    const doctor = muster(["doctor", "--json"]);
    expect(await doctor.exited).toBe(0);
    const findings = JSON.parse(doctor.output()) as { check: string; state: string }[];
    expect(findings.map((finding) => finding.check)).toEqual(
      expect.arrayContaining(["Node.js", "Redis", "CPU", "GPU"]),
    );
  });
});

describe("a worker that is not wanted", () => {
  it("leaves with the reason: it has not joined, or is no longer one of the fleet", async () => {
    const [directory, desk] = [await temporaryDirectory(), await temporaryDirectory()];
    const ports = ["--port", "0", "--fleet-port", "0", "--data-dir", directory];
    const orchestrator = muster(["orchestrator", ...ports, "--log-level", "error"], {
      MUSTER_FLEET_TLS: "on",
    });
    await eventually(() => orchestrator.output().includes("Fleet port:"), 30_000);
    const url = /Clients: (\S+)\/v1/.exec(orchestrator.output())?.[1] ?? "";
    const address = /Fleet port: (\S+)/.exec(orchestrator.output())?.[1] ?? "";
    const stub = ["stub:m", "--engine", "stub", "--data-dir", desk, "--log-level", "silent"];
    const stranger = muster(["worker", ...stub, "--join", address, "--name", "desk"]);
    expect(await stranger.exited).toBe(1);
    expect(stranger.output()).toContain("it joins with an invitation");

    const invite = muster(["workers", "invite", "--pool", "desks", "--name", "desk", "--url", url]);
    expect(await invite.exited).toBe(0);
    const line = /muster worker join (\S+)/.exec(invite.output())?.[1] ?? "";
    const worker = muster(["worker", "join", line, ...stub]);
    await eventually(
      () => worker.output().includes('as "desk"') && worker.output().includes("Connected"),
      30_000,
    );
    const revoke = muster(["workers", "revoke", "desk", "--url", url]);
    expect(await revoke.exited).toBe(0);
    expect(await worker.exited).toBe(1);
    expect(worker.output()).toContain('An administrator has revoked the worker "desk"');
    const again = muster(["worker", ...stub]);
    expect(await again.exited).toBe(1);
    expect(again.output()).toContain("has revoked");
    const enrolled = muster(["workers", "enrolled", "--url", url]);
    expect(await enrolled.exited).toBe(0);
    expect(enrolled.output()).toMatch(/desk\s+desks\s+revoked/);
    orchestrator.child.kill("SIGTERM");
    expect(await orchestrator.exited).toBe(0);
  });
});
