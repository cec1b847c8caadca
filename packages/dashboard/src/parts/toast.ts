import { createStore } from "../data/store.ts";

const lastsMs = { note: 4_500, problem: 10_000 } as const;
const maxShown = 4;

export interface Toast {
  readonly id: number;
  readonly kind: keyof typeof lastsMs;
  readonly text: string;
}

export const toasts = createStore<readonly Toast[]>([]);
let nextId = 1;

/** Says shortly that something was done, or that it was not. */
export function toast(text: string, kind: Toast["kind"] = "note"): void {
  const id = nextId++;
  toasts.update((shown) => [...shown, { id, kind, text }].slice(-maxShown));
  setTimeout(() => dismiss(id), lastsMs[kind]);
}

export function dismiss(id: number): void {
  toasts.update((shown) => shown.filter((one) => one.id !== id));
}
