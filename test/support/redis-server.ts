import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";

/** A Redis of the test's own: empty, on a unix socket in a temporary directory. */
export interface TestRedis {
  /** What REDIS_URL and ioredis take: the socket's path. */
  readonly url: string;
  readonly socketPath: string;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
  /** Ends the server as an accident would; resolves when it is gone. The data stay. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts the server again, after ending it with SIGTERM where it runs: same address, same data. */
  restart(): Promise<void>;
  /** Ends the server at once and starts it again, at the same address, without its data. */
  lose(): Promise<void>;
  /** Every command that changed data since the start, deleted keys included, as the append-only file holds it. */
  dump(): Promise<string>;
}

const startTimeoutMs = 10_000;

/**
 * Starts the server, tells its pid, and ends it (and removes the directory, "$1") when our end of fd 0 closes: that
 * happens however this process ends. The shell itself ends with the server.
 */
const script = `
PATH="$PATH:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"
server=$(command -v redis-server || command -v valkey-server) || exit 127
directory=$1; shift
exec 3<&0
"$server" "$@" 3<&- & child=$!
echo $child
(cat <&3; kill -0 $child && touch "$directory/abandoned" && kill -KILL $child) >/dev/null 2>&1 &
exec 3<&-
wait $child 2>/dev/null; code=$?
if [ -e "$directory/abandoned" ]; then rm -rf "$directory"; fi
exit $code
`;

interface Running {
  readonly shell: ChildProcess;
  readonly pid: number;
}

/** Starts a Redis for this test; throws with the server's last words when it does not answer within 10 s. */
export async function startTestRedis(): Promise<TestRedis> {
  const directory = await mkdtemp(join(tmpdir(), "muster-redis-"));
  const socketPath = join(directory, "redis.sock");
  let running: Running | undefined = await launch(directory, socketPath);

  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (running === undefined) return;
    const { shell, pid } = running;
    running = undefined;
    const ended = once(shell, "exit");
    process.kill(pid, signal);
    await ended;
    shell.stdin?.destroy();
  };
  return {
    url: socketPath,
    socketPath,
    kill,
    restart: async () => {
      await kill("SIGTERM");
      running = await launch(directory, socketPath);
    },
    lose: async () => {
      await kill("SIGKILL");
      await rm(join(directory, "appendonlydir"), { recursive: true, force: true });
      running = await launch(directory, socketPath);
    },
    stop: async () => {
      await kill("SIGKILL");
      await rm(directory, { recursive: true, force: true });
    },
    dump: async () => {
      const folder = join(directory, "appendonlydir");
      const files = (await readdir(folder)).filter((name) => name.endsWith(".aof"));
      return (await Promise.all(files.map((name) => readFile(join(folder, name), "latin1")))).join("");
    },
  };
}

async function launch(directory: string, socketPath: string): Promise<Running> {
  // A killed server leaves its socket, and ours must not answer before the new one listens.
  await rm(socketPath, { force: true });
  const settings = [
    ...["--port", "0", "--unixsocket", socketPath, "--dir", directory, "--loglevel", "warning"],
    ...["--appendonly", "yes", "--appendfsync", "everysec", "--aof-use-rdb-preamble", "no"],
    ...["--save", "", "--maxmemory-policy", "noeviction"],
  ];
  const shell = spawn("/bin/sh", ["-c", script, "sh", directory, ...settings], {
    // Ctrl-C in a terminal is for us: the server ends when we do.
    detached: true,
  });
  let words = "";
  const ended = once(shell, "exit").then(([code]) => {
    throw new Error(
      code === 127
        ? "Neither redis-server nor valkey-server is installed: run npm run setup."
        : `The test's Redis ended at its start (${code}): ${words.trim()}`,
    );
  });
  shell.stdin.on("error", () => {});
  shell.stderr.on("data", (chunk: Buffer) => {
    words += chunk.toString();
  });
  const told = new Promise<number>((resolve) => {
    shell.stdout.on("data", (chunk: Buffer) => {
      words += chunk.toString();
      resolve(Number.parseInt(words, 10));
    });
  });
  try {
    const pid = await Promise.race([told, ended]);
    await Promise.race([untilItAnswers(socketPath), ended]);
    return { shell, pid };
  } catch (error) {
    shell.stdin.destroy();
    throw error;
  } finally {
    ended.catch(() => {});
  }
}

async function untilItAnswers(socketPath: string): Promise<void> {
  const probe = new Redis(socketPath, { retryStrategy: () => 20, maxRetriesPerRequest: null });
  probe.on("error", () => {});
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`The test's Redis did not answer within ${startTimeoutMs} ms`)),
        startTimeoutMs,
      );
      // "ready" comes when the data are loaded.
      probe.once("ready", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  } finally {
    probe.disconnect();
  }
}
