import type { ApiKey } from "@muster/sdk";
import { formatBytes } from "./format.ts";
import type { Cell } from "./table.ts";

/** Keys as a table. */
export function keyRows(keys: readonly ApiKey[]): Cell[][] {
  const rows = keys.map((key): Cell[] => [
    key.name,
    key.scopes.join(" "),
    key.models?.join(" ") ?? "all",
    limitsText(key) || "none",
    stateCell(key),
    key.last_used_on ?? "never",
    key.id,
  ]);
  return [["key", "scopes", "models", "limits", "state", "last used", "id"], ...rows];
}

/** One key, a fact on each line. */
export function keyDetails(key: ApiKey): string[] {
  const { secrets } = key;
  const facts: readonly (readonly [string, string])[] = [
    ["id", key.id],
    ["state", stateText(key)],
    ["tenant", key.tenant],
    ["scopes", key.scopes.join(", ")],
    ["models", key.models?.join(", ") ?? "all"],
    ["limits", limitsText(key) || "none"],
    ["created", `${dateText(key.created_at)} by ${key.created_by}`],
    ["expires", key.expires_at === null ? "never" : dateText(key.expires_at)],
    ["last used", key.last_used_on ?? "never"],
    ...secrets.map(({ prefix, expires_at }): [string, string] => [
      "opens with",
      `${prefix}_… ${expires_at === null ? "" : `until ${dateText(expires_at)}`}`.trimEnd(),
    ]),
  ];
  return [key.name, ...facts.map(([name, value]) => `  ${name.padEnd(10)}  ${value}`)];
}

function stateCell(key: ApiKey): Cell {
  const text = stateText(key);
  return key.state === "live" ? text : { text, colour: "dim" };
}

function stateText({ state, expires_at, revoked_at, revoked_by }: ApiKey): string {
  if (state === "revoked") return `revoked ${dateText(revoked_at ?? 0)} by ${revoked_by ?? "?"}`;
  if (expires_at === null) return state;
  return state === "live" ? `live until ${dateText(expires_at)}` : `expired ${dateText(expires_at)}`;
}

function limitsText({ limits }: ApiKey): string {
  const count = (value: number) => value.toLocaleString("en-US");
  const parts: readonly (readonly [number | null | undefined, (value: number) => string])[] = [
    [limits.requests_per_minute, (value) => `${count(value)} requests/min`],
    [limits.tokens_per_minute, (value) => `${count(value)} tokens/min`],
    [limits.concurrency, (value) => `${count(value)} at once`],
    [limits.batch_lines, (value) => `${count(value)} lines`],
    [limits.stored_bytes, (value) => formatBytes(value)],
    [limits.tokens_per_month, (value) => `${count(value)} tokens/month`],
    [limits.weight, (value) => `weight ${count(value)}`],
  ];
  return parts
    .flatMap(([value, word]) => (value === null || value === undefined ? [] : [word(value)]))
    .join(", ");
}

function dateText(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().slice(0, 16).replace("T", " ");
}
