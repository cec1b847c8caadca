import { createHash } from "node:crypto";
import { join } from "node:path";

const socketName = "control.sock";

/** Where the worker called `name` listens: a socket in its folder, or a named pipe on Windows. */
export function controlAddress(dataDirectory: string, name: string, platform = process.platform): string {
  if (platform !== "win32") return join(dataDirectory, "workers", name, socketName);
  const key = createHash("sha256").update(`${dataDirectory.toLowerCase()}\0${name}`).digest("hex");
  return `\\\\.\\pipe\\muster-${key.slice(0, 32)}`;
}
