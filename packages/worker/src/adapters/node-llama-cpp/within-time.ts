import { createContext, Script } from "node:vm";

export const tookTooLong = Symbol("took too long");

/** Holds the function that the script calls: a script's time can be limited, a function's cannot. */
const stage: { task: () => void } = { task: () => {} };
const context = createContext({ run: () => stage.task() });
const script = new Script("run()");

/** Runs what may not end, and ends it then. It is cut off anywhere: it must own all that it changes. Not to be nested. */
export function withinTime<T>(limitMs: number, task: () => T): T | typeof tookTooLong {
  let result: T | typeof tookTooLong = tookTooLong;
  stage.task = () => {
    result = task();
  };
  try {
    script.runInContext(context, { timeout: limitMs });
    return result;
  } catch (error) {
    if (isTimeout(error)) return tookTooLong;
    throw error;
  } finally {
    stage.task = () => {};
  }
}

/** It is made in the script's own realm, whose errors are not ours. */
function isTimeout(error: unknown): boolean {
  return (
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT"
  );
}
