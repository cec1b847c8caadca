import type { ChildProcess } from "node:child_process";

/** The processes that engines of ours run in now, loading ones included. */
export interface EngineChildren {
  pids(): readonly number[];
  /** Counts this one until it is gone. */
  watch(child: ChildProcess): void;
}

export function createEngineChildren(): EngineChildren {
  const running = new Set<number>();
  return {
    pids: () => [...running],
    watch(child) {
      const { pid } = child;
      if (pid === undefined) return;
      running.add(pid);
      child.once("exit", () => running.delete(pid));
    },
  };
}
