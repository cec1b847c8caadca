import type { ApiKey, ApiKeyChange, ApiKeyRequest, KeyLimits, KeyScope } from "@muster/sdk";

export const scopes: readonly { readonly id: KeyScope; readonly opens: string }[] = [
  { id: "inference", opens: "Chat, completions, embeddings, rerank" },
  { id: "batch", opens: "Files and batches" },
  { id: "read", opens: "Workers, catalogue, usage: to look on" },
  { id: "metrics", opens: "The metrics of a monitoring system" },
  { id: "admin", opens: "All of it, and everything that changes the fleet and the keys" },
];

export type LimitName = keyof KeyLimits;

export const limits: readonly {
  readonly id: LimitName;
  readonly label: string;
  readonly isWhole: boolean;
}[] = [
  { id: "requests_per_minute", label: "Requests a minute", isWhole: true },
  { id: "tokens_per_minute", label: "Tokens a minute", isWhole: true },
  { id: "concurrency", label: "Requests at once", isWhole: true },
  { id: "tokens_per_month", label: "Tokens a month", isWhole: true },
  { id: "batch_lines", label: "Open lines of batches", isWhole: true },
  { id: "stored_bytes", label: "Bytes of files", isWhole: true },
  { id: "weight", label: "Weight in the batch lanes", isWhole: false },
];

/** A form as it was typed. What is empty has no limit. */
export interface KeyForm {
  readonly name: string;
  readonly tenant: string;
  readonly scopes: readonly KeyScope[];
  /** Patterns, with commas or spaces between them; empty: all. */
  readonly models: string;
  readonly limits: Readonly<Partial<Record<LimitName, string>>>;
  /** Days from now; empty: never. `keep`: as it is. */
  readonly expiresInDays: string;
}

export const emptyKeyForm: KeyForm = {
  ...{ name: "", tenant: "", scopes: ["inference"], models: "", limits: {}, expiresInDays: "" },
};

export const keepExpiry = "keep";

/** The form that changes a key. */
export function formOf(key: ApiKey): KeyForm {
  const set = Object.entries(key.limits).filter(([, value]) => typeof value === "number");
  return {
    ...{ name: key.name, tenant: key.tenant, scopes: key.scopes, models: (key.models ?? []).join(", ") },
    limits: Object.fromEntries(set.map(([name, value]) => [name, String(value)])),
    expiresInDays: keepExpiry,
  };
}

export type KeyProblems = Readonly<Record<string, string>>;

const namePattern = /^[a-z0-9][a-z0-9-]{0,31}$/;
const nameWords = "Write 1 to 32 lower-case letters, digits and hyphens, the first not a hyphen.";

/** What cannot be sent, by field; limits by their own names. */
export function problemsOf(form: KeyForm): KeyProblems {
  const problems: Record<string, string> = {};
  if (!namePattern.test(form.name)) problems["name"] = nameWords;
  if (form.tenant !== "" && !namePattern.test(form.tenant)) problems["tenant"] = nameWords;
  if (form.scopes.length === 0) problems["scopes"] = "Choose what the key is for.";
  if (patternsOf(form.models).some((pattern) => pattern.length > 128))
    problems["models"] = "A name has at most 128 characters.";
  for (const { id, isWhole } of limits) {
    const value = limitOf(form.limits[id]);
    if (value === undefined) continue;
    const isGood = isWhole ? Number.isSafeInteger(value) && value >= 1 : value >= 0.01 && value <= 1_000;
    if (!isGood)
      problems[id] = isWhole ? "Write a whole number from 1." : "Write a number from 0.01 to 1000.";
  }
  return problems;
}

function patternsOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((pattern) => pattern !== "");
}

/** `10k`, `2.5M` and `1_000` are numbers too. Undefined where nothing is written; NaN for what is no number. */
export function limitOf(text: string | undefined): number | undefined {
  const bare = (text ?? "").replaceAll(/[\s_,]/g, "");
  if (bare === "") return undefined;
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)([kKmMgG]?)$/.exec(bare) ?? [];
  if (digits === undefined) return Number.NaN;
  const times = { "": 1, k: 1e3, m: 1e6, g: 1e9 }[unit.toLowerCase()] ?? 1;
  const value = Number(digits) * times;
  return times === 1 ? value : Math.round(value);
}

export function requestOf(form: KeyForm, nowSeconds: number): ApiKeyRequest {
  const models = patternsOf(form.models);
  const set = limitsOf(form);
  const expiresAt = expiryOf(form, nowSeconds);
  return {
    name: form.name,
    scopes: form.scopes,
    ...(form.tenant === "" ? {} : { tenant: form.tenant }),
    ...(models.length === 0 ? {} : { models }),
    ...(Object.keys(set).length === 0 ? {} : { limits: set }),
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
  };
}

/** What is empty is taken away. */
export function changeOf(form: KeyForm, nowSeconds: number): ApiKeyChange {
  const models = patternsOf(form.models);
  const set = limitsOf(form);
  return {
    models: models.length === 0 ? null : models,
    limits: Object.fromEntries(limits.map(({ id }) => [id, set[id] ?? null])),
    ...(form.expiresInDays === keepExpiry ? {} : { expires_at: expiryOf(form, nowSeconds) ?? null }),
  };
}

function limitsOf(form: KeyForm): Partial<Record<LimitName, number>> {
  const entries = limits.flatMap(({ id }) => {
    const value = limitOf(form.limits[id]);
    return value === undefined ? [] : [[id, value] as const];
  });
  return Object.fromEntries(entries);
}

const daySeconds = 86_400;

function expiryOf({ expiresInDays }: KeyForm, nowSeconds: number): number | undefined {
  const days = Number(expiresInDays);
  return expiresInDays === "" || !(days > 0) ? undefined : Math.floor(nowSeconds + days * daySeconds);
}
