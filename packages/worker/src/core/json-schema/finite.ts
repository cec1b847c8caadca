import type { Option } from "./compiler.ts";
import type { Problems } from "./problem.ts";

export interface WrittenRule {
  readonly pointer: string;
  readonly options: readonly Option[];
}

/** Throws for a rule that has no end: a schema that requires itself would be written until the context is full. */
export function requireFinite(rules: ReadonlyMap<string, WrittenRule>, problems: Problems): void {
  const finite = new Set<string>();
  for (let before = -1; before < finite.size; ) {
    before = finite.size;
    for (const [name, { options }] of rules) {
      if (options.some(({ needs }) => needs.every((need) => finite.has(need)))) finite.add(name);
    }
  }
  for (const [name, { pointer }] of rules) {
    if (!finite.has(name)) {
      throw problems.wrong(
        pointer,
        "admits no value that ends: it requires itself. Make a property optional.",
      );
    }
  }
}
