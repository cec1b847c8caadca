import type { Env } from "@muster/base";

/** The one place where the command line reads its environment. */
export function processEnvironment(): Env {
  return process.env;
}
