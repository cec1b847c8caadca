import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { type Log, MusterError } from "@muster/base";

/** What an engine process is started under. Every part replaces itself by the next: there is one process, with one id. */
export interface Sandbox {
  /** As the log and errors call it. */
  readonly name: string;
  /** Program and arguments that come before node's own; empty: none. */
  readonly command: readonly string[];
  /** Whether it keeps the engine from the network and from more rights. */
  readonly isWhole: boolean;
}

export type SandboxMode = "auto" | "off" | "strict";

export const noSandbox: Sandbox = { name: "none", command: [], isWhole: false };

/** Prompts and answers are in the memory that a core dump would write to a disk. */
const noCore = ["prlimit", "--core=0"];
/**
 * No program that it starts gets more rights than it has, and root's own go but for reading files of others: models may
 * be somebody else's, and devices belong to groups.
 */
const noRights = [
  ...["setpriv", "--no-new-privs", "--inh-caps=-all", "--ambient-caps=-all"],
  "--bounding-set=-all,+dac_override,+dac_read_search",
];
/** Who is not root can leave the network only into a world where he could be; there he is himself. */
const asItself = ["--user", "--map-current-user"];

/** The strictest first. Nothing of it is needed: what a machine lacks, or forbids, is left out. */
function candidates(platform: NodeJS.Platform, isRoot: boolean): readonly Sandbox[] {
  if (platform !== "linux") return [];
  // Who is not root may not take rights from the set that bounds them, and has none to lose.
  const rights = isRoot ? noRights : noRights.slice(0, 2);
  const apart = isRoot ? ["unshare", "--net"] : ["unshare", ...asItself, "--net"];
  return [
    {
      name: "no network, no new rights, no core dumps",
      command: [...apart, ...rights, ...noCore],
      isWhole: true,
    },
    { name: "no new rights, no core dumps", command: [...rights, ...noCore], isWhole: false },
    { name: "no core dumps", command: noCore, isWhole: false },
  ];
}

/** The sandboxes of one machine, from the strictest on. */
export interface Sandboxes {
  /** The strictest that programs run under here. Throws MusterError `model_load_failed` where none is strict enough. */
  current(): Promise<Sandbox>;
  /** The engine does not run under this one. Only a sound model may say so: a hostile one would have itself let out. */
  rule(out: Sandbox): void;
}

export interface SandboxesOptions {
  readonly mode: SandboxMode;
  readonly log: Log;
  readonly path?: string | undefined;
  readonly platform?: NodeJS.Platform;
  readonly isRoot?: boolean;
}

export function createSandboxes({
  mode,
  log,
  path = "",
  platform = process.platform,
  isRoot = process.getuid?.() === 0,
}: SandboxesOptions): Sandboxes {
  const left = candidates(platform, isRoot).flatMap((candidate) => {
    const command = found(candidate.command, path);
    return command === undefined ? [] : [{ ...candidate, command }];
  });
  let chosen: Promise<Sandbox> | undefined;

  async function choose(): Promise<Sandbox> {
    if (mode === "off") return noSandbox;
    for (;;) {
      const [sandbox] = left;
      if (sandbox === undefined || (mode === "strict" && !sandbox.isWhole)) break;
      if (await runs(sandbox)) {
        log.info({ sandbox: sandbox.name }, "engine processes are kept in");
        return sandbox;
      }
      left.shift();
    }
    if (mode === "strict") throw notStrict();
    log.warn({}, "engine processes are kept in by nothing but their environment");
    return noSandbox;
  }

  return {
    current() {
      chosen ??= choose();
      return chosen;
    },
    rule(out) {
      if (left[0] !== out) return;
      log.warn({ sandbox: out.name }, "the engine does not run under this");
      left.shift();
      chosen = undefined;
    },
  };
}

const checkMs = 10_000;

/** Whether any program can be started under it: what the system forbids shows itself here. */
async function runs({ command: [program = "", ...args] }: Sandbox): Promise<boolean> {
  return await new Promise((resolve) => {
    const all = [...args, process.execPath, "--version"];
    execFile(program, all, { timeout: checkMs, killSignal: "SIGKILL", env: {} }, (error) =>
      resolve(error === null),
    );
  });
}

function notStrict(): MusterError {
  return new MusterError(
    "model_load_failed",
    "MUSTER_SANDBOX is strict, and this machine cannot keep an engine from the network: that takes Linux, unshare, setpriv " +
      "and prlimit of util-linux, and leave to make namespaces. Set MUSTER_SANDBOX=auto to run with what there is.",
  );
}

const tools = new Set(["unshare", "setpriv", "prlimit"]);

/** The command with its tools' paths; undefined where one is missing. */
function found(command: readonly string[], path: string): readonly string[] | undefined {
  const folders = [...path.split(delimiter), "/usr/bin", "/bin"].filter(isAbsolute);
  const words: string[] = [];
  for (const word of command) {
    const place = tools.has(word) ? folders.map((folder) => join(folder, word)).find(isProgram) : word;
    if (place === undefined) return undefined;
    words.push(place);
  }
  return words;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
