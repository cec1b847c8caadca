import { homedir } from "node:os";
import { join } from "node:path";
import { parseByteSize } from "../pure/byte-size.ts";
import { MusterError } from "../pure/muster-error.ts";

export type Env = Readonly<Record<string, string | undefined>>;

/** Typed readers of environment variables; a bad value names the variable, the value and what is wanted. */
export function readText(env: Env, name: string): string | undefined {
  const raw = env[name]?.trim();
  return raw === undefined || raw === "" ? undefined : raw;
}

export function readInteger(env: Env, name: string, range: { min: number; max: number }): number | undefined {
  const raw = readText(env, name);
  if (raw === undefined) return undefined;
  const value = Number(raw);
  if (!Number.isInteger(value) || value < range.min || value > range.max) {
    throw new MusterError(
      "invalid_request",
      `${name} is "${raw}": it must be a whole number from ${range.min} to ${range.max}.`,
      { param: name },
    );
  }
  return value;
}

/** A number of bytes, as people write it: `200GB`, `64 MiB`. */
export function readByteSize(env: Env, name: string): number | undefined {
  const raw = readText(env, name);
  if (raw === undefined) return undefined;
  const bytes = parseByteSize(raw);
  if (bytes !== undefined) return bytes;
  throw new MusterError("invalid_request", `${name} is "${raw}": write a size such as 200GB or 64GiB.`, {
    param: name,
  });
}

/** A comma-separated list without empty entries. */
export function readList(env: Env, name: string): string[] {
  return (readText(env, name) ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

export function readChoice<T extends string>(env: Env, name: string, choices: readonly T[]): T | undefined {
  const raw = readText(env, name);
  if (raw === undefined) return undefined;
  const found = choices.find((choice) => choice === raw);
  if (found === undefined) {
    throw new MusterError(
      "invalid_request",
      `${name} is "${raw}": it must be one of ${choices.join(", ")}.`,
      {
        param: name,
      },
    );
  }
  return found;
}

/** Where a service keeps what it needs again: `~/.local/share/muster`, or where XDG_DATA_HOME points. */
export function defaultDataDirectory(env: Env): string {
  return join(readText(env, "XDG_DATA_HOME") ?? join(homedir(), ".local", "share"), "muster");
}
