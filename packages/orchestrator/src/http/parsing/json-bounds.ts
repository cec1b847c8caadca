import { MusterError } from "@muster/base";

/** Deeper than any schema or request that people write; what recurses afterwards is safe within it. */
export const maxJsonDepth = 200;

/** Throws `invalid_request` for JSON that is nested too deeply. Iterative: its input may be what breaks recursion. */
export function requireShallow(value: unknown): void {
  let level: object[] = isContainer(value) ? [value] : [];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > maxJsonDepth) {
      throw new MusterError(
        "invalid_request",
        `The body is nested more than ${maxJsonDepth} levels deep. Flatten it.`,
      );
    }
    const next: object[] = [];
    for (const container of level)
      for (const child of Object.values(container)) if (isContainer(child)) next.push(child);
    level = next;
  }
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
