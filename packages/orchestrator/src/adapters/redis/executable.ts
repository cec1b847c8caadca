import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { MusterError } from "@muster/base";

const candidates = ["redis-server", "valkey-server"];

/** Debian keeps servers out of some users' PATH. */
const furtherDirectories = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];

/** The server in `path` (a PATH variable). Throws `store_unavailable` with the command that installs one. */
export function findRedisExecutable(path: string): string {
  for (const name of candidates) {
    for (const directory of [...path.split(delimiter), ...furtherDirectories]) {
      if (directory === "") continue;
      const file = join(directory, name);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // Not here: look further.
      }
    }
  }
  throw new MusterError(
    "store_unavailable",
    "Neither redis-server nor valkey-server is installed. Install one (Debian, Ubuntu: apt-get install redis-server; Fedora: dnf install valkey; macOS: brew install redis), or set REDIS_URL to a server that runs.",
  );
}
