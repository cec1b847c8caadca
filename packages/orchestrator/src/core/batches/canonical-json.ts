/** JSON that is the same for equal values: the keys of objects are in order, what is undefined is left out. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (isPlainObject(inner) ? sorted(inner) : inner));
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sorted(object: Readonly<Record<string, unknown>>): object {
  const entries = Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
  // Not fromEntries on a plain object: "__proto__" is a key as any other.
  return Object.assign(Object.create(null), Object.fromEntries(entries));
}
