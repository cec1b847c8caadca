import { MusterError } from "@muster/base";

/** Deeper than any schema or request that people write; what recurses afterwards is safe within it. */
export const maxJsonDepth = 200;

/** More than any request needs. Each can be wrong in a way of its own, and the schemas look at all of them. */
const maxJsonValues = 100_000;

/** Throws `invalid_request` for JSON that is too deep or too much. Iterative: its input may be what breaks recursion. */
export function requireBoundedJson(value: unknown): void {
  let count = 0;
  let level: object[] = isContainer(value) ? [value] : [];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > maxJsonDepth) {
      throw new MusterError(
        "invalid_request",
        `The body is nested more than ${maxJsonDepth} levels deep. Flatten it.`,
      );
    }
    const next: object[] = [];
    for (const container of level) {
      const children: unknown[] = Array.isArray(container) ? container : Object.values(container);
      count += children.length;
      requireFew(count);
      for (const child of children) if (isContainer(child)) next.push(child);
    }
    level = next;
  }
}

function requireFew(count: number): void {
  if (count <= maxJsonValues) return;
  throw new MusterError(
    "invalid_request",
    `The body holds more than ${maxJsonValues} values. Send it as several requests.`,
  );
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
