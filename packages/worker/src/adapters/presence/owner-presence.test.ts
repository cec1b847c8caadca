import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock, systemClock } from "@muster/base";
import { describe, expect, it, onTestFinished } from "vitest";
import { createSwayidle, swayidleArguments } from "./linux-wayland.ts";
import { createOwnerPresence } from "./owner-presence.ts";
import { createRunCommand, type RunCommand } from "./run-command.ts";
import { createScriptedPresence } from "./scripted.ts";
import { firstAnswer, keptFor } from "./ways.ts";
import { createWindowsHelper } from "./windows.ts";

const known = <T>(value: T) => ({ kind: "known", value });

/** Commands by their first words; those that are left out are missing on this machine. */
function answers(told: Readonly<Record<string, string>>): {
  readonly run: RunCommand;
  readonly asked: string[];
} {
  const asked: string[] = [];
  return {
    asked,
    async run(command, args) {
      const line = [command, ...args].join(" ");
      asked.push(line);
      return Object.entries(told).find(
        ([words]) => line.startsWith(words) || line.includes(` ${words}`),
      )?.[1];
    },
  };
}

function linux(env: Readonly<Record<string, string>>, told: Readonly<Record<string, string>>) {
  const { run, asked } = answers(told);
  const clock = new ManualClock();
  const presence = createOwnerPresence({
    platform: "linux",
    env: { PATH: "", ...env },
    uid: 1000,
    run,
    clock,
  });
  onTestFinished(() => presence.close());
  return { presence, asked, clock };
}

const nobody = { "loginctl list-sessions": "" };
const x11 = { DISPLAY: ":0" };
const calmX11 = {
  "xprop -root": "_NET_ACTIVE_WINDOW(WINDOW): window id # 0x0\n",
  xprintidle: "600000\n",
};

describe("the owner of a Linux machine", () => {
  it("is asked of X11, and of whoever else is logged in", async () => {
    const { presence } = linux(x11, { ...nobody, ...calmX11 });
    expect(await presence.look()).toMatchObject({ idleMs: known(600_000), isFullScreen: known(false) });
    const own = "User=1000\nClass=user\nType=x11\nState=active\nIdleHint=no\n";
    const others = `${own}\nUser=1001\nClass=user\nType=wayland\nState=active\nIdleHint=no\n`;
    const logins = (shown: string) => ({ "loginctl list-sessions": "1 x\n", "loginctl show-session": shown });
    // What our own desktop says of input is better than its hint; of others' there is only the hint.
    expect((await linux(x11, { ...calmX11, ...logins(own) }).presence.look()).idleMs).toEqual(known(600_000));
    expect((await linux(x11, { ...calmX11, ...logins(others) }).presence.look()).idleMs).toEqual(known(0));
  });

  it("is asked in another way where one is missing, and the way that works is kept", async () => {
    const { xprintidle: _gone, ...rest } = calmX11;
    const { presence, asked } = linux(x11, { ...nobody, ...rest, xssstate: "120000" });
    expect((await presence.look()).idleMs).toEqual(known(120_000));
    asked.length = 0;
    await presence.look();
    expect(asked.filter((line) => line.startsWith("xprintidle"))).toEqual([]);
  });

  it("is asked of GNOME under Wayland, and never of X11", async () => {
    const env = { WAYLAND_DISPLAY: "wayland-0", DISPLAY: ":0" };
    const { presence, asked } = linux(env, {
      ...nobody,
      ...calmX11,
      "org.gnome.Mutter.IdleMonitor.GetIdletime": "(uint64 5000,)",
      "org.gnome.SessionManager.IsInhibited": "(true,)",
    });
    expect(await presence.look()).toMatchObject({ idleMs: known(5_000), isFullScreen: known(true) });
    expect(asked.some((line) => line.startsWith("xprintidle"))).toBe(false);
  });

  it("is unknown where nothing tells, with what to do about it", async () => {
    const seen = await linux(x11, nobody).presence.look();
    expect(seen.idleMs).toEqual({ kind: "unknown", why: expect.stringContaining("install xprintidle") });
    expect(seen.isFullScreen).toEqual({ kind: "unknown", why: expect.stringContaining("install xprop") });
    const bare = await linux({}, {}).presence.look();
    expect(bare.idleMs).toEqual({ kind: "unknown", why: expect.stringContaining("logind") });
  });

  it("cannot be at a server where nobody is logged in, and no film runs there", async () => {
    const { presence } = linux({}, nobody);
    expect(await presence.look()).toMatchObject({
      idleMs: known(Number.POSITIVE_INFINITY),
      isFullScreen: known(false),
    });
  });

  it("may sit at a desktop that the worker is no part of: its hint counts", async () => {
    const desktop = (hint: string) => ({
      "loginctl list-sessions": "1 x\n",
      "loginctl show-session": `User=1000\nClass=user\nType=wayland\nState=active\nIdleHint=${hint}\nIdleSinceHint=1\n`,
    });
    const busy = await linux({}, desktop("no")).presence.look();
    expect(busy.idleMs).toEqual(known(0));
    expect(busy.isFullScreen.kind).toBe("unknown");
    const idle = await linux({}, desktop("yes")).presence.look();
    expect(idle.isFullScreen).toEqual(known(false));
  });
});

describe("the owner of another machine", () => {
  it("is asked of macOS's own tools", async () => {
    const { run } = answers({
      ioreg: '"HIDIdleTime" = 60000000000\n',
      "pmset -g batt": "Now drawing from 'Battery Power'\n",
      "pmset -g assertions": "   PreventUserIdleDisplaySleep    0\n",
    });
    const presence = createOwnerPresence({ platform: "darwin", env: {}, uid: 501, run });
    expect(await presence.look()).toEqual({
      idleMs: known(60_000),
      isFullScreen: known(false),
      isOnAcPower: known(false),
    });
    await presence.close();
  });

  it("is asked of Windows' helper; as a service it sees nobody", async () => {
    const told = { idleMs: 5, isFullScreen: false, isOnAcPower: true, isService: false };
    const windows = (answer: typeof told | undefined) =>
      createOwnerPresence({
        platform: "win32",
        env: {},
        uid: undefined,
        windows: { ask: async () => answer, close() {} },
      }).look();
    expect(await windows(told)).toMatchObject({ idleMs: known(5), isFullScreen: known(false) });
    expect(await windows({ ...told, isService: true })).toMatchObject({
      idleMs: { kind: "unknown", why: expect.stringContaining("at logon") },
      isOnAcPower: known(true),
    });
    expect((await windows(undefined)).idleMs.kind).toBe("unknown");
  });

  it("is unknown on a platform that Muster does not know", async () => {
    const presence = createOwnerPresence({ platform: "sunos", env: {}, uid: 0 });
    expect((await presence.look()).idleMs).toEqual({
      kind: "unknown",
      why: expect.stringContaining("sunos"),
    });
  });
});

describe("commands", () => {
  it("that are missing, fail or hang give nothing", async () => {
    const run = createRunCommand(process.env);
    expect(await run("muster-has-no-such-program", [])).toBeUndefined();
    expect(await run(process.execPath, ["-e", "process.exit(3)"])).toBeUndefined();
    expect(await run(process.execPath, ["-e", "setInterval(() => {}, 1e6)"])).toBeUndefined();
    expect(await run("printenv", ["LC_ALL"])).toBe("C\n");
  });

  it("that never worked are tried again after a minute, and answers are kept for a while", async () => {
    const clock = new ManualClock();
    let asked = 0;
    let answer: number | undefined;
    const ask = async () => {
      asked += 1;
      return answer;
    };
    const way = firstAnswer([ask], clock);
    for (let i = 0; i < 5; i++) expect(await way()).toBeUndefined();
    expect(asked).toBe(1);
    answer = 7;
    clock.advance(60_000);
    expect(await way()).toBe(7);
    const kept = keptFor(5_000, way, clock);
    answer = 8;
    expect(await kept()).toBe(8);
    answer = 9;
    expect(await kept()).toBe(8);
    clock.advance(5_000);
    expect(await kept()).toBe(9);
  });
});

async function program(name: string, text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "muster-presence-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, name);
  await writeFile(path, text, { mode: 0o700 });
  return path;
}

/** Until something that a helper says has come. */
async function until(isIt: () => boolean): Promise<void> {
  while (!isIt()) await new Promise((resolve) => setImmediate(resolve));
}

describe("long-lived helpers", () => {
  it("swayidle tells when input ends and begins", async () => {
    const path = await program(
      "swayidle",
      '#!/bin/sh\necho idle\nread line < "$0.more"\necho active\nexec sleep 1000\n',
    );
    const { execFileSync } = await import("node:child_process");
    execFileSync("mkfifo", [`${path}.more`]);
    const clock = new ManualClock();
    clock.advance(10_000);
    const swayidle = createSwayidle({ env: process.env, clock, program: path });
    onTestFinished(() => swayidle.close());
    expect(swayidle.idleMs()).toBe(0);
    clock.advance(20_000);
    await until(() => swayidle.idleMs() === 1_000);
    clock.advance(60_000);
    expect(swayidle.idleMs()).toBe(61_000);
    await writeFile(`${path}.more`, "go\n");
    await until(() => swayidle.idleMs() === 0);
  });

  it("swayidle ends when the worker that listened is gone", async () => {
    const path = await program("swayidle", '#!/bin/sh\nwhile true; do sh -c "$4"; sleep 0.02; done\n');
    const { spawn } = await import("node:child_process");
    const child = spawn(path, [...swayidleArguments], { stdio: ["ignore", "pipe", "ignore"] });
    const gone = new Promise((resolve) => child.once("exit", (_code, signal) => resolve(signal)));
    child.stdout.once("data", () => child.stdout.destroy());
    expect(await gone).toBe("SIGTERM");
  });

  it("that are missing tell nothing, and are not started at each look", async () => {
    const clock = new ManualClock();
    const swayidle = createSwayidle({ env: {}, clock, program: "/nowhere/swayidle" });
    swayidle.idleMs();
    await until(() => swayidle.idleMs() === undefined);
    const windows = createWindowsHelper({ env: {}, clock, command: ["/nowhere/powershell"] });
    expect(await windows.ask()).toBeUndefined();
    expect(await windows.ask()).toBeUndefined();
  });

  it("Windows' is one process for many questions", async () => {
    const answer = '{"idle":5,"screen":5,"line":1,"battery":128,"session":1}';
    const windows = createWindowsHelper({
      env: process.env,
      clock: systemClock,
      command: ["/bin/sh", "-c", `while read line; do echo '${answer}'; done`],
    });
    onTestFinished(() => windows.close());
    for (let i = 0; i < 3; i++) expect(await windows.ask()).toMatchObject({ idleMs: 5 });
    windows.close();
  });

  it("Windows' that hangs is given up", async () => {
    const clock = new ManualClock();
    const windows = createWindowsHelper({
      env: process.env,
      clock,
      command: ["/bin/sh", "-c", "exec sleep 1000"],
    });
    onTestFinished(() => windows.close());
    const asked = windows.ask();
    clock.advance(15_000);
    expect(await asked).toBeUndefined();
  });
});

describe("scripted readings", () => {
  it("come from a file, and are unknown where it does not say", async () => {
    const file = await program(
      "readings.json",
      '{"idleMs": 5000, "isFullScreen": false, "isGpuUsedByOthers": true}',
    );
    const presence = createScriptedPresence(file);
    expect(await presence.look()).toEqual({
      idleMs: known(5_000),
      isFullScreen: known(false),
      isOnAcPower: { kind: "unknown", why: expect.stringContaining(file) },
      gpu: { isUsedByOthers: true },
    });
    await writeFile(file, '{"idleMs": 50');
    expect(await presence.look()).toMatchObject({
      idleMs: { kind: "unknown" },
      gpu: { isUsedByOthers: "unknown" },
    });
    await presence.close();
  });
});
