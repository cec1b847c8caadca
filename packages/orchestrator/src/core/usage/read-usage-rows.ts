import { noCounts, type UsageCounts, type UsageRow } from "./usage-row.ts";

const countNames = [
  "ok",
  "failed",
  "promptTokens",
  "cachedTokens",
  "completionTokens",
  "workerSeconds",
  "wattHours",
] as const;

/** The rows of a file of usage; undefined for what is none. */
export function readUsageRows(file: object | undefined, day: string): readonly UsageRow[] | undefined {
  if (file === undefined || !("rows" in file) || !Array.isArray(file.rows)) return undefined;
  const rows = file.rows.map((row: unknown) => readRow(row, day));
  return rows.some((row) => row === undefined) ? undefined : rows.filter((row) => row !== undefined);
}

function readRow(value: unknown, day: string): UsageRow | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const [keyId, tenant, model] = ["keyId", "tenant", "model"].map((name) => fields.get(name));
  const usageClass = fields.get("class");
  if (typeof keyId !== "string" || typeof tenant !== "string" || typeof model !== "string") return undefined;
  if (usageClass !== "interactive" && usageClass !== "batch") return undefined;
  const counts: { -readonly [K in keyof UsageCounts]: number } = { ...noCounts };
  for (const name of countNames) {
    const count = fields.get(name);
    if (typeof count !== "number" || !Number.isFinite(count) || count < 0) return undefined;
    counts[name] = count;
  }
  return { day, keyId, tenant, model, class: usageClass, ...counts };
}
