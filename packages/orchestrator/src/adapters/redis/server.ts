import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, mkdir, rm } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backoffMs, type Log, MusterError } from "@muster/base";
import { connectRedis, type RedisAddress, untilReady } from "../common/redis-connection.ts";

export interface SupervisedRedis {
  readonly address: RedisAddress;
  stop(): Promise<void>;
}

/** Paths of unix sockets are cut off at about 104 bytes by the system. */
const maxSocketPathBytes = 100;
const startTimeoutMs = 15_000;
const shellNotFound = 127;
/** Redis writes its file out before it ends; one that takes longer is stuck. */
const stopTimeoutMs = 20_000;
const restartBackoff = { baseMs: 200, maxMs: 5_000 };

/**
 * The shell between us and Redis: it ends the server when its standard input closes, that is also when this process
 * is killed and can clean nothing up.
 */
const watchdog =
  'exec 3<&0; "$0" "$@" & child=$!; (cat <&3 >/dev/null; kill -TERM $child 2>/dev/null) & wait $child';

/**
 * Starts a Redis of our own on a unix socket that only this user can open, with its data under `directory` (append-only
 * file, synced every second; nothing is evicted), and starts it again when it dies.
 * Throws MusterError `store_unavailable` that says what to install or look at.
 */
export async function startSupervisedRedis(options: {
  readonly directory: string;
  /** `redis-server` or `valkey-server`, or a path. */
  readonly executable: string;
  readonly log: Log;
  readonly random: () => number;
}): Promise<SupervisedRedis> {
  const { directory, executable, log, random } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const socketPath = await socketPathIn(directory);
  await refuseIfInUse(socketPath, directory);
  await rm(socketPath, { force: true });

  let child: ChildProcess | undefined;
  let isStopping = false;
  let crashes = 0;
  let restartTimer: NodeJS.Timeout | undefined;
  let lastOutput = "";
  let notFound: () => void = () => {};

  const launch = (): void => {
    const args = redisArguments(directory, socketPath);
    // Its own process group: Ctrl-C in a terminal is for us; Redis ends last.
    const started = spawn("/bin/sh", ["-c", watchdog, executable, ...args], {
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    child = started;
    const keep = (chunk: Buffer) => {
      lastOutput = (lastOutput + chunk.toString("utf8")).slice(-2_000);
    };
    started.stdout?.on("data", keep);
    started.stderr?.on("data", keep);
    started.stdin?.on("error", () => {});
    started.once("exit", (code, signal) => {
      // Closing the pipe ends the watchdog's reader, which the shell left behind.
      started.stdin?.destroy();
      child = undefined;
      if (isStopping) return;
      if (code === shellNotFound) {
        notFound();
        return;
      }
      const delayMs = backoffMs(restartBackoff, crashes, random) + 50;
      crashes += 1;
      log.error({ code, signal, delayMs: Math.round(delayMs) }, "redis ended by itself, starting it again");
      restartTimer = setTimeout(launch, delayMs);
    });
    started.once("error", (error) => log.error({ error: error.message }, "redis could not be started"));
  };

  const stop = async (): Promise<void> => {
    isStopping = true;
    clearTimeout(restartTimer);
    const running = child;
    if (running === undefined) return;
    const gone = new Promise<void>((resolve) => running.once("exit", () => resolve()));
    running.stdin?.end();
    const force = setTimeout(() => killGroup(running), stopTimeoutMs);
    await gone;
    clearTimeout(force);
  };

  launch();
  const probe = connectRedis(socketPath, "fails-fast", { log, name: "muster-start" });
  try {
    const missing = new Promise<never>((_resolve, reject) => {
      notFound = () => reject(new Error(`${executable} is not installed`));
    });
    await Promise.race([untilReady(probe, startTimeoutMs), missing]);
  } catch (cause) {
    await stop();
    const lastWords = lastOutput.trim().split("\n").slice(-3).join(" | ") || "none";
    throw new MusterError(
      "store_unavailable",
      `Redis did not start ("${executable}"): ${MusterError.from(cause).message}. Its last words: ${lastWords}. Run \`muster doctor\`, or set REDIS_URL to a server that runs.`,
      { cause },
    );
  } finally {
    probe.disconnect();
  }
  log.info({ executable, directory }, "redis started");
  return { address: socketPath, stop };
}

function redisArguments(directory: string, socketPath: string): string[] {
  return [
    ...["--port", "0", "--unixsocket", socketPath, "--unixsocketperm", "700"],
    ...["--dir", directory, "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""],
    ...["--maxmemory-policy", "noeviction", "--daemonize", "no", "--loglevel", "warning"],
  ];
}

async function socketPathIn(directory: string): Promise<string> {
  const inside = join(directory, "redis.sock");
  if (Buffer.byteLength(inside) <= maxSocketPathBytes) return inside;
  let hash = 0;
  for (const character of directory) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) >>> 0;
  const outside = join(tmpdir(), `muster-${process.getuid?.() ?? 0}-${hash.toString(36)}`);
  await mkdir(outside, { recursive: true, mode: 0o700 });
  const found = await lstat(outside);
  const isOurs =
    found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid) && (found.mode & 0o077) === 0;
  if (isOurs) return join(outside, "redis.sock");
  throw new MusterError(
    "store_unavailable",
    `${outside} belongs to somebody else or is open to others: remove it, or name a shorter --data-dir.`,
  );
}

function killGroup(shell: ChildProcess): void {
  if (shell.pid === undefined) return;
  try {
    process.kill(-shell.pid, "SIGKILL");
  } catch {
    // It has just gone by itself.
  }
}

async function refuseIfInUse(socketPath: string, directory: string): Promise<void> {
  if (!existsSync(socketPath) || (await isAbandoned(socketPath))) return;
  throw new MusterError(
    "store_unavailable",
    `Another orchestrator uses the data directory ${directory}. Stop it, or name another with --data-dir.`,
  );
}

/** Whether nobody listens on a socket any more. One that is listened on but does not answer is in use all the same. */
function isAbandoned(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code === "ECONNREFUSED" || error.code === "ENOENT");
    });
  });
}
