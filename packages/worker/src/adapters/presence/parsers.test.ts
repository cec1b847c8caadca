import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { booleanFromDbus, numberFromDbus } from "./d-bus.ts";
import { parseActiveWindow, parseHyprWindow, parseSwayTree, parseWindowState } from "./full-screen.ts";
import { idleOfSessions, parseSessionIds, parseSessions, parseWho } from "./linux-console.ts";
import { createLocalTime, localTimeText } from "./local-time.ts";
import { parseAssertions, parseIoregIdle } from "./macos.ts";
import { isOnAcPower, parsePmsetPower, readPowerSupplies } from "./power.ts";
import { wholeNumberIn } from "./ways.ts";
import { parseWindowsAnswer } from "./windows.ts";

/** What every parser must take for no answer. */
const garbage = ["", "\n", "\u0000\u0001", "nothing of the kind", "-1", "NaN", "1e9", "12 345", "12.345,6"];

describe("input", () => {
  it("of xprintidle and xssstate is one whole number", () => {
    expect(wholeNumberIn("123456\n")).toBe(123_456);
    expect(wholeNumberIn("0")).toBe(0);
    for (const text of [...garbage, "1\u00a0234", "1,234", undefined])
      expect(wholeNumberIn(text), String(text)).toBeUndefined();
  });

  it("of a session bus is a number, as gdbus and busctl write it", () => {
    expect(numberFromDbus("(uint64 4812,)\n")).toBe(4_812);
    expect(numberFromDbus("(uint32 300000,)")).toBe(300_000);
    expect(numberFromDbus("(4812,)")).toBe(4_812);
    expect(numberFromDbus("t 4812\n")).toBe(4_812);
    expect(numberFromDbus("u 7\n")).toBe(7);
    const failed =
      "Error: GDBus.Error:org.freedesktop.DBus.Error.ServiceUnknown: The name is not activatable";
    for (const text of [...garbage, failed, "(uint64 -5,)", "s 12", undefined])
      expect(numberFromDbus(text), String(text)).toBeUndefined();
  });

  it("of macOS is the shortest of its services, in nanoseconds", () => {
    const recorded = `+-o IOHIDSystem  <class IOHIDSystem, id 0x100000421, registered, matched, active, busy 0 (0 ms), retain 31>
    {
      "IOClass" = "IOHIDSystem"
      "HIDIdleTime" = 98123456789
      "HIDParameters" = {"HIDIdleTime"=7,"HIDClickTime"=500000000}
    }
`;
    expect(parseIoregIdle(recorded)).toBeCloseTo(7e-6);
    expect(parseIoregIdle('  "HIDIdleTime" = 98123456789\n')).toBeCloseTo(98_123.456789);
    for (const text of [...garbage, '"HIDIdleTime" = <0102>'])
      expect(parseIoregIdle(text), text).toBeUndefined();
  });
});

describe("Windows' helper", () => {
  it("tells of input, full screen and power in one line", () => {
    expect(parseWindowsAnswer('{"idle":61234,"screen":5,"line":1,"battery":128,"session":1}')).toEqual({
      idleMs: 61_234,
      isFullScreen: false,
      isOnAcPower: true,
      isService: false,
    });
    const answer = (change: object) =>
      parseWindowsAnswer(JSON.stringify({ idle: 1, screen: 5, line: 1, battery: 8, session: 2, ...change }));
    expect([1, 2, 3, 4, 5, 6, 7].map((screen) => answer({ screen })?.isFullScreen)).toEqual([
      ...[false, true, true, true],
      ...[false, false, false],
    ]);
    expect(answer({ screen: null })?.isFullScreen).toBeUndefined();
    expect(answer({ screen: 99 })?.isFullScreen).toBeUndefined();
    expect(answer({ line: 0, battery: 1 })?.isOnAcPower).toBe(false);
    expect(answer({ line: 255, battery: 255 })?.isOnAcPower).toBeUndefined();
    expect(answer({ line: 255, battery: 128 })?.isOnAcPower).toBe(true);
    expect(answer({ idle: null })?.idleMs).toBeUndefined();
    expect(answer({ session: 0 })?.isService).toBe(true);
  });

  it("says nothing where the line is something else", () => {
    for (const line of [
      ...garbage,
      "[]",
      "null",
      "{}",
      '{"idle":"5","session":"1"}',
      "Add-Type : Zugriff verweigert",
    ])
      expect(parseWindowsAnswer(line), line).toBeUndefined();
  });
});

describe("full screen", () => {
  it("of X11 is a state of the active window", () => {
    expect(parseActiveWindow("_NET_ACTIVE_WINDOW(WINDOW): window id # 0x3a00007\n")).toBe("0x3a00007");
    expect(parseActiveWindow("_NET_ACTIVE_WINDOW(WINDOW): window id # 0x3a00007, 0x0\n")).toBe("0x3a00007");
    expect(parseActiveWindow("_NET_ACTIVE_WINDOW:  not found.\n")).toBe("0x0");
    for (const text of [...garbage, "_NET_ACTIVE_WINDOW:  no such atom on any window.\n"])
      expect(parseActiveWindow(text), text).toBeUndefined();
    expect(parseWindowState("_NET_WM_STATE(ATOM) = _NET_WM_STATE_FULLSCREEN\n")).toBe(true);
    const several =
      "_NET_WM_STATE(ATOM) = _NET_WM_STATE_ABOVE, _NET_WM_STATE_FULLSCREEN, _NET_WM_STATE_FOCUSED\n";
    expect(parseWindowState(several)).toBe(true);
    expect(parseWindowState("_NET_WM_STATE(ATOM) = _NET_WM_STATE_MAXIMIZED_VERT\n")).toBe(false);
    expect(parseWindowState("_NET_WM_STATE(ATOM) = \n")).toBe(false);
    expect(parseWindowState("_NET_WM_STATE:  not found.\n")).toBe(false);
    for (const text of garbage) expect(parseWindowState(text), text).toBeUndefined();
  });

  it("of sway is a window anywhere in its tree; a workspace that fills its screen is none", () => {
    const tree = (window: object) =>
      JSON.stringify({
        type: "root",
        nodes: [
          {
            type: "output",
            nodes: [{ type: "workspace", fullscreen_mode: 1, nodes: [], floating_nodes: [window] }],
          },
        ],
      });
    expect(parseSwayTree(tree({ type: "floating_con", fullscreen_mode: 1 }))).toBe(true);
    expect(parseSwayTree(tree({ type: "con", fullscreen_mode: 2 }))).toBe(true);
    expect(parseSwayTree(tree({ type: "con", fullscreen_mode: 0 }))).toBe(false);
    for (const text of [...garbage, "{}", "[]", undefined]) expect(parseSwayTree(text)).toBeUndefined();
  });

  it("of Hyprland is said in two ways, and {} is no window", () => {
    expect(parseHyprWindow('{"class":"mpv","fullscreen":true}')).toBe(true);
    expect(parseHyprWindow('{"class":"mpv","fullscreen":2}')).toBe(true);
    expect(parseHyprWindow('{"class":"kitty","fullscreen":1}')).toBe(false);
    expect(parseHyprWindow('{"class":"kitty","fullscreen":0}')).toBe(false);
    expect(parseHyprWindow("{}")).toBe(false);
    for (const text of [...garbage, '{"class":"x"}', undefined])
      if (text !== "-1" && text !== "1e9") expect(parseHyprWindow(text)).toBeUndefined();
  });

  it("of desktops is a program that keeps the screen awake", () => {
    expect(booleanFromDbus("(true,)\n")).toBe(true);
    expect(booleanFromDbus("(false,)")).toBe(false);
    expect(booleanFromDbus("b true\n")).toBe(true);
    expect(booleanFromDbus("b false")).toBe(false);
    for (const text of [...garbage, "(uint64 1,)", undefined]) expect(booleanFromDbus(text)).toBeUndefined();
  });

  it("of macOS is a program that keeps the display awake", () => {
    const recorded = (display: number) => `2026-11-29 09:41:22 +0100
Assertion status system-wide:
   BackgroundTask                 1
   ApplePushServiceTask           0
   UserIsActive                   1
   PreventUserIdleDisplaySleep    ${display}
   PreventSystemSleep             0
   ExternalMedia                  0
   PreventUserIdleSystemSleep     1
   NetworkClientActive            0
Listed by owning process:
   pid 411(coreaudiod): [0x0000] 00:00:12 PreventUserIdleSystemSleep named: "com.apple.audio"
`;
    expect(parseAssertions(recorded(1))).toBe(true);
    expect(parseAssertions(recorded(0))).toBe(false);
    for (const text of garbage) expect(parseAssertions(text), text).toBeUndefined();
  });
});

describe("power", () => {
  it("of Linux: without a battery of its own a machine is on AC", () => {
    expect(isOnAcPower([])).toBe(true);
    expect(isOnAcPower([{ type: "Battery", scope: "Device", status: "Discharging" }])).toBe(true);
    const battery = (status: string) => ({ type: "Battery", scope: "", status });
    expect(isOnAcPower([{ type: "Mains", online: "1" }, battery("Charging")])).toBe(true);
    expect(isOnAcPower([{ type: "Mains", online: "0" }, battery("Discharging")])).toBe(false);
    expect(isOnAcPower([{ type: "USB", online: "1" }, battery("Not charging")])).toBe(true);
    expect(isOnAcPower([battery("Full")])).toBe(true);
    expect(isOnAcPower([battery("Discharging")])).toBe(false);
    expect(isOnAcPower([{ type: "Mains", online: "0" }, battery("Unknown")])).toBe(false);
    expect(isOnAcPower([battery("Unknown")])).toBeUndefined();
    expect(isOnAcPower([battery("")])).toBeUndefined();
  });

  it("of Linux is read from the files of each supply", async () => {
    const directory = await mkdtemp(join(tmpdir(), "muster-power-"));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    for (const [supply, files] of Object.entries({
      AC: { type: "Mains\n", online: "0\n" },
      BAT0: { type: "Battery\n", status: "Discharging\n", scope: "System\n" },
    })) {
      await mkdir(join(directory, supply));
      for (const [file, text] of Object.entries(files)) await writeFile(join(directory, supply, file), text);
    }
    const supplies = await readPowerSupplies(directory);
    expect(isOnAcPower(supplies)).toBe(false);
    expect(await readPowerSupplies(join(directory, "none"))).toEqual([]);
  });

  it("of macOS is where it draws from", () => {
    const recorded = (source: string) =>
      `Now drawing from '${source}'\n -InternalBattery-0 (id=4653155)\t87%; discharging; 4:12 remaining present: true\n`;
    expect(parsePmsetPower(recorded("AC Power"))).toBe(true);
    expect(parsePmsetPower("Now drawing from 'AC Power'\n")).toBe(true);
    expect(parsePmsetPower(recorded("Battery Power"))).toBe(false);
    expect(parsePmsetPower(recorded("UPS Power"))).toBe(false);
    for (const text of [...garbage, recorded("Netzteil")])
      expect(parsePmsetPower(text), text).toBeUndefined();
  });
});

describe("who is logged in", () => {
  const nowMs = 1_764_400_000_000;
  const recorded = `User=1000
Class=user
Type=x11
State=active
TTY=
IdleHint=yes
IdleSinceHint=1764399400000000

User=1001
Class=user
Type=tty
State=online
TTY=pts/3
IdleHint=no
IdleSinceHint=0

User=120
Class=greeter
Type=wayland
State=online
TTY=tty1
IdleHint=no

User=1000
Class=manager
Type=unspecified
State=active
TTY=
IdleHint=no

User=1002
Class=user
Type=tty
State=closing
TTY=tty3
IdleHint=no
`;

  it("is told by loginctl: people, and no login screens or services", async () => {
    expect(
      parseSessionIds("      2 1000 ada  seat0 tty2 active no -\n     c1  120 gdm  seat0 tty1\n\n"),
    ).toEqual(["2", "c1"]);
    const sessions = parseSessions(recorded);
    expect(sessions).toEqual([
      { uid: 1000, isGraphical: true, tty: "", idleSinceMs: 1_764_399_400_000 },
      { uid: 1001, isGraphical: false, tty: "pts/3", idleSinceMs: undefined },
    ]);
    expect(await idleOfSessions(sessions, nowMs, async () => nowMs - 90_000)).toBe(90_000);
    expect(await idleOfSessions(sessions, nowMs, async () => nowMs - 3_600_000)).toBe(600_000);
    expect(await idleOfSessions(sessions, nowMs, async () => undefined)).toBeUndefined();
    for (const text of garbage) expect(parseSessions(text), text).toEqual([]);
  });

  it("counts a desktop that is not idle as touched just now", async () => {
    const [desktop] = parseSessions("User=1\nClass=user\nType=wayland\nState=active\nIdleHint=no\n");
    expect(await idleOfSessions(desktop ? [desktop] : [], nowMs, async () => 0)).toBe(0);
  });

  it("is told by who, with terminals and displays", () => {
    const text = `ada      :0           2026-11-29 08:12 (:0)
ada      pts/0        2026-11-29 09:00 (192.168.1.7)
root     tty1         2026-11-29 07:00
`;
    expect(parseWho(text).map(({ isGraphical, tty }) => [isGraphical, tty])).toEqual([
      [true, ""],
      [false, "pts/0"],
      [false, "tty1"],
    ]);
    expect(parseWho("")).toEqual([]);
    expect(parseWho("ada ../../etc/passwd x").map(({ tty }) => tty)).toEqual([""]);
  });

  it("is nobody where nobody is: a server without a console login", async () => {
    expect(await idleOfSessions([], nowMs, async () => undefined)).toBe(Number.POSITIVE_INFINITY);
    const copying = { uid: 1, isGraphical: false, tty: "", idleSinceMs: undefined };
    expect(await idleOfSessions([copying], nowMs, async () => undefined)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("local time", () => {
  it("follows summer time: an hour that is left out never comes, one that is repeated comes twice", () => {
    const oslo = createLocalTime("Europe/Oslo");
    expect(oslo(Date.UTC(2026, 2, 29, 0, 59))).toEqual({ weekday: 0, minuteOfDay: 119 });
    expect(oslo(Date.UTC(2026, 2, 29, 1, 0))).toEqual({ weekday: 0, minuteOfDay: 180 });
    expect(oslo(Date.UTC(2026, 9, 25, 0, 30))).toEqual({ weekday: 0, minuteOfDay: 150 });
    expect(oslo(Date.UTC(2026, 9, 25, 1, 30))).toEqual({ weekday: 0, minuteOfDay: 150 });
    expect(oslo(Date.UTC(2026, 0, 1, 23, 0))).toEqual({ weekday: 5, minuteOfDay: 0 });
  });

  it("is told to people by day and hour", () => {
    expect(localTimeText(0)).toMatch(/^(wed|thu).* \d\d:\d\d$/);
  });
});
