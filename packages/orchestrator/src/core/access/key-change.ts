import { limitNames } from "./key-part.ts";
import type { KeyMade } from "./key-record.ts";
import type { Limits } from "./principal.ts";

/** What is to be different of a key. What is left out stays as it is; null takes the bound away. */
export interface KeyChange {
  readonly models?: readonly string[] | null | undefined;
  readonly limits?: { readonly [Name in keyof Limits]?: number | null | undefined } | undefined;
  /** Unix time. */
  readonly expiresAtMs?: number | null | undefined;
}

type KeyBounds = Pick<KeyMade, "models" | "limits" | "expiresAtMs">;

/** What bounds a key once it is changed. */
export function changedBounds(now: KeyBounds, asked: KeyChange): KeyBounds {
  const limits = limitNames.flatMap((name) => {
    const value = changed(now.limits[name], asked.limits?.[name]);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    models: changed(now.models, asked.models),
    limits: Object.fromEntries(limits),
    expiresAtMs: changed(now.expiresAtMs, asked.expiresAtMs),
  };
}

/** For the audit trail. */
export function changeDetails({ models, limits = {}, expiresAtMs }: KeyChange): Record<string, string> {
  const ofLimits = limitNames.flatMap((name) => {
    const value = limits[name];
    return value === undefined ? [] : [`${name}=${value ?? "none"}`];
  });
  return {
    ...(ofLimits.length === 0 ? {} : { limits: ofLimits.join(" ") }),
    ...(models === undefined ? {} : { models: models?.join(" ").slice(0, 200) ?? "*" }),
    ...(expiresAtMs === undefined
      ? {}
      : { expires: expiresAtMs === null ? "never" : new Date(expiresAtMs).toISOString() }),
  };
}

function changed<T>(now: T | undefined, asked: T | null | undefined): T | undefined {
  return asked === undefined ? now : (asked ?? undefined);
}
