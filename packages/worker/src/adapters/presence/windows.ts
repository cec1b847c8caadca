import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type Clock, type Env, pause } from "@muster/base";

/** What Windows says of its owner; undefined: it does not tell. */
export interface WindowsAnswer {
  readonly idleMs: number | undefined;
  readonly isFullScreen: boolean | undefined;
  readonly isOnAcPower: boolean | undefined;
  /** A service: it is in a session of its own and sees nobody's input. */
  readonly isService: boolean;
}

/**
 * Answers each line of its input with one line of JSON, and ends with it. `GetLastInputInfo` and `TickCount` are of 32
 * bits and wrap around together. `SHQueryUserNotificationState`: 3 is a full-screen game, 4 a presentation, 2 another
 * full-screen program.
 */
const script = `
$ErrorActionPreference = 'Stop'
Add-Type -TypeDefinition @'
using System; using System.Runtime.InteropServices;
public static class MusterOwner {
  [StructLayout(LayoutKind.Sequential)] struct LastInput { public uint Size; public uint Time; }
  [StructLayout(LayoutKind.Sequential)] struct Power { public byte Line, Battery, Percent, Saver; public uint Left, Full; }
  [DllImport("user32.dll")] static extern bool GetLastInputInfo(ref LastInput info);
  [DllImport("kernel32.dll")] static extern uint GetTickCount();
  [DllImport("kernel32.dll")] static extern bool GetSystemPowerStatus(ref Power status);
  [DllImport("shell32.dll")] static extern int SHQueryUserNotificationState(out int state);
  public static string Look() {
    LastInput input = new LastInput(); input.Size = 8;
    string idle = GetLastInputInfo(ref input) ? unchecked(GetTickCount() - input.Time).ToString() : "null";
    int state; string screen = SHQueryUserNotificationState(out state) == 0 ? state.ToString() : "null";
    Power power = new Power(); bool told = GetSystemPowerStatus(ref power);
    string line = told ? power.Line.ToString() : "null"; string battery = told ? power.Battery.ToString() : "null";
    int session = System.Diagnostics.Process.GetCurrentProcess().SessionId;
    return "{\\"idle\\":" + idle + ",\\"screen\\":" + screen + ",\\"line\\":" + line + ",\\"battery\\":" + battery + ",\\"session\\":" + session + "}";
  }
}
'@
while ($null -ne [Console]::In.ReadLine()) { [Console]::Out.WriteLine([MusterOwner]::Look()); [Console]::Out.Flush() }
`;

const noBattery = 128;

/** One line of the helper. */
export function parseWindowsAnswer(line: string): WindowsAnswer | undefined {
  let told: unknown;
  try {
    told = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof told !== "object" || told === null) return undefined;
  const numberOf = (name: string): number | undefined => {
    const value: unknown = Object.entries(told).find(([key]) => key === name)?.[1];
    return typeof value === "number" && value >= 0 ? value : undefined;
  };
  const screen = numberOf("screen");
  const session = numberOf("session");
  if (session === undefined) return undefined;
  return {
    idleMs: numberOf("idle"),
    // 1: locked, or nobody is logged in. 5: an ordinary desktop. 6: its first hour. 7: a store's program.
    isFullScreen: screen === undefined || screen === 0 || screen > 7 ? undefined : screen >= 2 && screen <= 4,
    isOnAcPower: powerOf(numberOf("line"), numberOf("battery")),
    isService: session === 0,
  };
}

function powerOf(line: number | undefined, battery: number | undefined): boolean | undefined {
  if (battery === noBattery) return true;
  return line === 1 ? true : line === 0 ? false : undefined;
}

export interface WindowsHelper {
  ask(): Promise<WindowsAnswer | undefined>;
  close(): void;
}

const answerMs = 1_000;
/** PowerShell compiles for some seconds at its start. */
const firstAnswerMs = 15_000;
const restartMs = 60_000;

/** One PowerShell that is asked again and again: to start one takes a second of a core. */
export function createWindowsHelper(deps: {
  readonly env: Env;
  readonly clock: Clock;
  readonly command?: readonly [program: string, ...args: readonly string[]];
}): WindowsHelper {
  const { env, clock } = deps;
  const encoded = Buffer.from(script, "utf16le").toString("base64");
  const [program, ...args] = deps.command ?? [
    "powershell.exe",
    ...["-NoLogo", "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded],
  ];
  let child: ChildProcess | undefined;
  let startedAtMs: number | undefined;
  let hasAnswered = false;
  let isClosed = false;
  let waiting: ((line: string | undefined) => void) | undefined;

  function start(): void {
    startedAtMs = clock.nowMs();
    hasAnswered = false;
    const started = spawn(program, args, { env, stdio: ["pipe", "pipe", "ignore"], windowsHide: true });
    child = started;
    const gone = () => {
      if (child === started) child = undefined;
      waiting?.(undefined);
    };
    started.on("error", gone);
    started.on("exit", gone);
    // A write to one that has just ended: its exit tells.
    started.stdin.on("error", () => {});
    createInterface({ input: started.stdout }).on("line", (line) => waiting?.(line));
  }

  return {
    async ask() {
      const mayStart = startedAtMs === undefined || clock.nowMs() - startedAtMs >= restartMs;
      if (child === undefined && mayStart && !isClosed) start();
      const asked = child;
      if (asked === undefined || waiting !== undefined) return undefined;
      const waited = new AbortController();
      const limit = pause(clock, hasAnswered ? answerMs : firstAnswerMs, waited.signal).then(() => undefined);
      const answer = new Promise<string | undefined>((resolve) => {
        waiting = resolve;
      });
      asked.stdin?.write("\n");
      const line = await Promise.race([answer, limit]);
      waiting = undefined;
      waited.abort();
      // What comes too late would be taken for the answer to the next question.
      if (line === undefined) asked.kill("SIGKILL");
      hasAnswered = line !== undefined;
      return line === undefined ? undefined : parseWindowsAnswer(line);
    },
    close() {
      isClosed = true;
      child?.kill("SIGKILL");
    },
  };
}
