import { strayOutput } from "./collect.ts";

/** What comes one for each of a list, in any order, while it is being collected. */
export interface ByIndex<T> {
  /** Throws MusterError for an index that is not in the list, or that has come before. */
  add(index: number, value: T): void;
  /** In the list's order. Throws MusterError when one has not come. */
  inOrder(): T[];
}

/** @param what names one of them in errors: "vector of input" */
export function createByIndex<T>(what: string, count: number): ByIndex<T> {
  const values = new Map<number, T>();
  return {
    add(index, value) {
      if (index >= count || values.has(index))
        throw strayOutput(`a ${what} ${index} of ${count}, or a second one`);
      values.set(index, value);
    },
    inOrder: () =>
      Array.from({ length: count }, (_none, index) => {
        const value = values.get(index);
        if (value === undefined) throw strayOutput(`no ${what} ${index} of ${count}`);
        return value;
      }),
  };
}
