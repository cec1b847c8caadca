import { readFileSync, statSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import { defaultDataDirectory, type Env, readText } from "@muster/base";

const maxKeyBytes = 4_096;

/** Where an orchestrator of this machine and user keeps its secrets. */
function trustDirectory(env: Env): string {
  const data = readText(env, "MUSTER_DATA_DIR") ?? defaultDataDirectory(env);
  return readText(env, "MUSTER_TRUST_DIR") ?? join(data, "trust");
}

/**
 * The key that an orchestrator has made for whoever runs it: read from its file, and only for this machine, so that no
 * address that somebody was talked into using is ever sent it. Undefined where there is none, or it is not ours to read.
 */
export function operatorKey(url: string, env: Env): string | undefined {
  return isThisMachine(url) ? readSmall(join(trustDirectory(env), "admin.key"))?.trim() : undefined;
}

/** The certificate of Muster's own authority on this machine, where it has one. */
export function ownAuthority(env: Env): string | undefined {
  return readSmall(join(trustDirectory(env), "ca.crt"), 1024 * 1024);
}

/** By loopback; or by a name or address of this machine, if nobody can listen in. */
function isThisMachine(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname: host } = new URL(text);
  if (host === "localhost" || host === "[::1]" || /^127(\.\d+){3}$/.test(host)) return true;
  if (protocol !== "https:") return false;
  const name = hostname().toLowerCase();
  const addresses = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => address),
  );
  return [name, `${name}.local`, ...addresses].includes(host.replace(/^\[|\]$/g, ""));
}

function readSmall(path: string, maxBytes = maxKeyBytes): string | undefined {
  try {
    const { size } = statSync(path);
    return size <= maxBytes ? readFileSync(path, "utf8") : undefined;
  } catch {
    return undefined;
  }
}
