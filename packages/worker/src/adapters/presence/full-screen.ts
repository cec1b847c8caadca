import type { Clock, Env } from "@muster/base";
import { booleanFromDbus, callSession } from "./d-bus.ts";
import type { RunCommand } from "./run-command.ts";
import { firstAnswer, type Way } from "./ways.ts";

/** What somebody can do where no way works. */
export const fullScreenFixes = {
  x11: "install xprop (apt install x11-utils); a window manager must run.",
  wayland: "this compositor offers nothing to ask; GNOME, KDE, sway and Hyprland do.",
} as const;

/** The window that has the keyboard; `0x0`: none has. Undefined: there is no window manager that tells. */
export function parseActiveWindow(text: string): string | undefined {
  if (/^_NET_ACTIVE_WINDOW:\s+not found/m.test(text)) return "0x0";
  return /^_NET_ACTIVE_WINDOW\(WINDOW\): window id # (0x[0-9a-f]{1,16})/m.exec(text)?.[1];
}

/** The answer to `xprop -id … _NET_WM_STATE`; a window without a state has none of them. */
export function parseWindowState(text: string): boolean | undefined {
  if (/^_NET_WM_STATE:\s+(not found|no such atom)/m.test(text)) return false;
  const states = /^_NET_WM_STATE\(ATOM\) =(.*)$/m.exec(text)?.[1];
  return states === undefined ? undefined : /\b_NET_WM_STATE_FULLSCREEN\b/.test(states);
}

/** A film may also run on another screen than the one that is typed at: then the desktop is kept awake. */
export function x11FullScreenWays(run: RunCommand, clock: Clock): Way<boolean>[] {
  const isKeptAwake = desktopAwake(run, clock);
  const isFull = x11FullScreen(run);
  return [
    async () => {
      const answer = await isFull();
      return answer === false ? ((await isKeptAwake()) ?? false) : answer;
    },
  ];
}

function x11FullScreen(run: RunCommand): Way<boolean> {
  return async () => {
    const id = parseActiveWindow((await run("xprop", ["-root", "_NET_ACTIVE_WINDOW"])) ?? "");
    if (id === undefined || /^0x0+$/.test(id)) return id === undefined ? undefined : false;
    const state = await run("xprop", ["-id", id, "_NET_WM_STATE"]);
    // It may have been closed in between: the next look finds another.
    return state === undefined ? false : parseWindowState(state);
  };
}

/**
 * Wayland's windows are nobody else's business: two compositors tell, the desktops tell at least whether a program keeps
 * the screen awake, as films, presentations and games do.
 */
export function waylandFullScreenWays(run: RunCommand, env: Env, clock: Clock): Way<boolean>[] {
  return [
    ...(env["SWAYSOCK"] === undefined
      ? []
      : [async () => parseSwayTree(await run("swaymsg", ["-t", "get_tree", "-r"]))]),
    ...(env["HYPRLAND_INSTANCE_SIGNATURE"] === undefined
      ? []
      : [async () => parseHyprWindow(await run("hyprctl", ["activewindow", "-j"]))]),
    desktopAwake(run, clock),
  ];
}

/** GNOME's session, and the power service of KDE and others. */
function desktopAwake(run: RunCommand, clock: Clock): Way<boolean> {
  const ways = [
    async () =>
      booleanFromDbus(
        await callSession(run, {
          service: "org.gnome.SessionManager",
          path: "/org/gnome/SessionManager",
          interface: "org.gnome.SessionManager",
          method: "IsInhibited",
          // The session being marked as idle.
          argument: 8,
        }),
      ),
    async () =>
      booleanFromDbus(
        await callSession(run, {
          service: "org.freedesktop.PowerManagement",
          path: "/org/freedesktop/PowerManagement/Inhibit",
          interface: "org.freedesktop.PowerManagement.Inhibit",
          method: "HasInhibit",
        }),
      ),
  ];
  return firstAnswer(ways, clock);
}

/** Whether a window of sway's tree fills a screen. */
export function parseSwayTree(text: string | undefined): boolean | undefined {
  const root = parseJson(text);
  return isObject(root) && root["type"] === "root" ? hasFullScreen(root, 0) : undefined;
}

const maxDepth = 64;

function hasFullScreen(node: unknown, depth: number): boolean {
  if (!isObject(node) || depth > maxDepth) return false;
  const { fullscreen_mode: mode, type, nodes, floating_nodes: floating } = node;
  if (type !== "workspace" && type !== "output" && (mode === 1 || mode === 2)) return true;
  return [nodes, floating].some(
    (list) => Array.isArray(list) && list.some((each) => hasFullScreen(each, depth + 1)),
  );
}

/** Hyprland's active window; `{}` is none. Older versions say true and false, newer ones 0 to 3. */
export function parseHyprWindow(text: string | undefined): boolean | undefined {
  const window = parseJson(text);
  if (!isObject(window)) return undefined;
  const { fullscreen } = window;
  if (fullscreen === undefined) return Object.keys(window).length === 0 ? false : undefined;
  // 1 is a window that is maximised.
  return fullscreen === true || fullscreen === 2 || fullscreen === 3;
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
