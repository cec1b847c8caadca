// A Redis server for Muster to start: found, or installed with the system's package manager.
import { connect } from "node:net";
import { ToolError } from "./command.mjs";
import { ensureProgram, removeService } from "./system-packages.mjs";

const servers = ["redis-server", "valkey-server"];
const furtherFolders = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];
const connectTimeoutMs = 3_000;

/** Valkey first where a distribution has both. */
const packages = {
  "apt-get": ["redis-server"],
  dnf: ["valkey", "redis"],
  apk: ["valkey", "redis"],
  brew: ["redis"],
};

/** Makes sure that there is a Redis; returns a note on which. */
export async function ensureRedis() {
  const url = process.env.REDIS_URL;
  if (url) {
    await untilItConnects(url);
    return `Redis at ${withoutPassword(url)} (REDIS_URL)`;
  }
  const { file, isNew, manager } = await ensureProgram({
    name: "Redis",
    programs: servers,
    furtherFolders,
    packages,
    otherwise:
      process.platform === "win32"
        ? "Redis has no Windows build: run Muster in WSL, or set REDIS_URL to a server that runs."
        : "Or set REDIS_URL to a server that runs.",
  });
  // Muster runs its own server; no other manager than apt starts the distribution's by itself.
  if (isNew && manager === "apt-get") await removeService("redis-server");
  return `Redis (${isNew ? "installed" : "found"}: ${file})`;
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
