// A Redis server for Muster to start: found, or installed with the system's package manager.
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { findProgram, run, runOrFail, ToolError } from "./command.mjs";

const servers = ["redis-server", "valkey-server"];
const furtherFolders = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];
const connectTimeoutMs = 3_000;

/**
 * How to install a server with each package manager: `commands` are tried in order until a server is there. Muster runs
 * its own server, so the distribution's service must neither run nor start with the machine (`after`); no other manager
 * than apt starts it by itself. RUNLEVEL=1 keeps apt from starting it where there is no systemd.
 */
const managers = [
  {
    program: "apt-get",
    prepare: ["update"],
    commands: [["install", "-y", "--no-install-recommends", "redis-server"]],
    env: { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    after: removeService,
  },
  {
    program: "dnf",
    commands: [
      ["install", "-y", "valkey"],
      ["install", "-y", "redis"],
    ],
  },
  {
    program: "apk",
    commands: [
      ["add", "--no-cache", "valkey"],
      ["add", "--no-cache", "redis"],
    ],
  },
  { program: "brew", commands: [["install", "redis"]], isForUsers: true },
];

/** Makes sure that there is a Redis; returns a note on which. */
export async function ensureRedis() {
  const url = process.env.REDIS_URL;
  if (url) {
    await untilItConnects(url);
    return `Redis at ${withoutPassword(url)} (REDIS_URL)`;
  }
  const found = findProgram(servers, furtherFolders);
  if (found !== undefined) return `Redis (found: ${found})`;
  const installed = await install();
  return `Redis (installed: ${installed})`;
}

async function install() {
  const manager = managers.find(({ program }) => findProgram([program]) !== undefined);
  if (manager === undefined)
    throw new ToolError(
      process.platform === "win32"
        ? "Redis has no Windows build. Run Muster in WSL, or set REDIS_URL to a server that runs."
        : "There is no redis-server and no valkey-server on PATH. Install one, or set REDIS_URL to a server that runs.",
    );
  const { program, prepare, commands, env = {}, after, isForUsers = false } = manager;
  const isRoot = process.getuid?.() === 0;
  const byHand = `${isForUsers ? "" : "sudo "}${program} ${commands[0].join(" ")}`;
  const advice = `Install it by hand (${byHand}), or set REDIS_URL to a server that runs.`;
  if (!isRoot && !isForUsers && (await run("sudo", ["-n", "true"])).code !== 0)
    throw new ToolError(`Redis is missing, and installing it needs root. ${advice}`);

  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const prefix = [...(isRoot || isForUsers ? [] : ["sudo", "-n"]), "env", ...variables, program];
  const execute = (args, options) => runOrFail(prefix[0], [...prefix.slice(1), ...args], options);
  if (prepare !== undefined) await execute(prepare, { advice });
  for (const [index, command] of commands.entries()) {
    const isLast = index === commands.length - 1;
    const attempt = execute(command, { advice });
    await (isLast ? attempt : attempt.catch(() => {}));
    const found = findProgram(servers, furtherFolders);
    if (found === undefined) continue;
    await after?.(isRoot);
    return found;
  }
  throw new ToolError(`${program} installed Redis, but there is still no redis-server on PATH. ${advice}`);
}

/** Debian's package enables a service, and starts it where systemd runs. */
async function removeService(isRoot) {
  const isLive = existsSync("/run/systemd/system");
  const command = findProgram(["systemctl"])
    ? ["systemctl", "disable", ...(isLive ? ["--now"] : []), "redis-server"]
    : ["update-rc.d", "redis-server", "disable"];
  const [program, ...args] = [...(isRoot ? [] : ["sudo", "-n"]), ...command];
  await run(program, args);
}

/** Throws a ToolError unless something listens at a redis:// or rediss:// URL; other addresses pass unseen. */
async function untilItConnects(url) {
  const { protocol, hostname, port } = parsed(url);
  if (!/^rediss?:$/.test(protocol)) return;
  const problem = await new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 6379) });
    const settle = (outcome) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.setTimeout(connectTimeoutMs, () => settle("no answer"));
    socket.on("connect", () => settle(undefined));
    socket.on("error", (error) => settle(error.code ?? error.message));
  });
  if (problem !== undefined)
    throw new ToolError(
      `Nothing answers at REDIS_URL (${withoutPassword(url)}: ${problem}). Start that server, or unset REDIS_URL to use one of Muster's own.`,
    );
}

function parsed(url) {
  try {
    return new URL(url.startsWith("/") ? `unix:${url}` : url);
  } catch {
    throw new ToolError("REDIS_URL is not a URL. Write it as redis://host:6379, or unset it.");
  }
}

function withoutPassword(url) {
  return url.replace(/\/\/[^@/]*@/, "//");
}
