import { useCallback, useRef, useSyncExternalStore } from "react";
import type { Store } from "./store.ts";

/** A part of a store. The component is rendered again only when `isSame` says that the part has changed. */
export function useStore<Value, Part>(
  store: Store<Value>,
  select: (value: Value) => Part,
  isSame: (left: Part, right: Part) => boolean = Object.is,
): Part {
  const last = useRef<{ readonly part: Part } | undefined>(undefined);
  const get = useCallback(() => {
    const part = select(store.get());
    if (last.current !== undefined && isSame(last.current.part, part)) return last.current.part;
    last.current = { part };
    return part;
  }, [store, select, isSame]);
  return useSyncExternalStore(store.subscribe, get);
}

/** For parts that are lists: the same when their entries are. */
export function isSameList<Item>(left: readonly Item[], right: readonly Item[]): boolean {
  return left.length === right.length && left.every((item, index) => Object.is(item, right[index]));
}
