import { posix, win32 } from "node:path";
import type { Env } from "@muster/base";

/**
 * Where model files are kept unless the user chose a place: the cache folder of the platform, since every file can be
 * fetched again.
 */
export function defaultModelDirectory(env: Env, platform: NodeJS.Platform, homeDirectory: string): string {
  if (platform === "darwin") return posix.join(homeDirectory, "Library", "Caches", "muster", "models");
  if (platform === "win32") {
    const local = env["LOCALAPPDATA"] ?? win32.join(homeDirectory, "AppData", "Local");
    return win32.join(local, "muster", "models");
  }
  // The XDG specification tells to ignore a relative path.
  const xdg = env["XDG_CACHE_HOME"];
  const cache = xdg?.startsWith("/") === true ? xdg : posix.join(homeDirectory, ".cache");
  return posix.join(cache, "muster", "models");
}
