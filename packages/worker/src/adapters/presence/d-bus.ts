import type { RunCommand } from "./run-command.ts";

export interface DbusCall {
  readonly service: string;
  readonly path: string;
  readonly interface: string;
  readonly method: string;
  /** One unsigned number, where the method takes one. */
  readonly argument?: number;
}

/** Calls a method of the owner's session with whichever tool is there; gives the tool's own writing of the answer. */
export async function callSession(run: RunCommand, call: DbusCall): Promise<string | undefined> {
  const { service, path, method, argument } = call;
  const gdbus = await run("gdbus", [
    ...["call", "--session", "--timeout", "1", "--dest", service, "--object-path", path],
    ...["--method", `${call.interface}.${method}`, ...(argument === undefined ? [] : [String(argument)])],
  ]);
  if (gdbus !== undefined) return gdbus;
  const typed = argument === undefined ? [] : ["u", String(argument)];
  return run("busctl", ["--user", "--timeout=1", "call", service, path, call.interface, method, ...typed]);
}

/** `(uint64 12345,)` of gdbus, `(12345,)` of older ones, `t 12345` of busctl. */
export function numberFromDbus(text: string | undefined): number | undefined {
  const found = /^\s*(?:\((?:uint32|uint64|int32|int64)? ?(\d{1,16}),\)|[tuxi] (\d{1,16}))\s*$/.exec(
    text ?? "",
  );
  return found === null ? undefined : Number(found[1] ?? found[2]);
}

/** `(true,)` of gdbus, `b true` of busctl. */
export function booleanFromDbus(text: string | undefined): boolean | undefined {
  const found = /^\s*(?:\((true|false),\)|b (true|false))\s*$/.exec(text ?? "");
  return found === null ? undefined : (found[1] ?? found[2]) === "true";
}
