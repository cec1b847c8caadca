import type { Env } from "@muster/base";

/** The one place where the command line reads its environment. An empty setting of ours counts as none. */
export function processEnvironment(): Env {
  for (const [name, value] of Object.entries(process.env)) {
    if (name.startsWith("MUSTER_") && value === "") delete process.env[name];
  }
  return process.env;
}
