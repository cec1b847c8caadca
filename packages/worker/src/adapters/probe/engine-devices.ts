import { fork } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Log, pause, systemClock } from "@muster/base";
import { childEnvironment, gpuEnvironment } from "../common/child-environment.ts";
import { hostEnvironment } from "../common/config.ts";
import { forkOptionsFor, type PackageEntries } from "../common/engine-packages/entries.ts";
import type { EngineDevices } from "./gpus.ts";

export interface AskDevicesOptions {
  readonly log: Log;
  /** The program to run; undefined: the one that is built with this package. */
  readonly childEntry?: string | undefined;
  readonly timeoutMs: number;
  /** Engine packages that were fetched for this machine. */
  readonly packages: PackageEntries;
  /** Those that it may see; undefined: all. */
  readonly gpus?: readonly number[] | undefined;
}

const noDevices: EngineDevices = { backend: "cpu", names: [], totalBytes: 0, freeBytes: 0 };

const maxDevices = 64;
/** What was killed is gone within this time, or a hung driver holds it. */
const killedMs = 2_000;

/**
 * Asks the engine for its GPUs, in a process of its own: GPU drivers are known to crash or hang the process that asks.
 * Never rejects: without an answer it says why in the log, and that there is no GPU.
 */
export async function askEngineDevices(options: AskDevicesOptions): Promise<EngineDevices> {
  const entry = options.childEntry ?? builtEntry();
  if (!existsSync(entry)) {
    options.log.warn({ entry }, "GPU probe is not built, going on without GPUs");
    return noDevices;
  }
  const answer = await askChild(entry, options);
  if (answer.kind === "devices") return answer.devices;
  options.log.warn({ reason: answer.reason }, "GPU probe failed, going on without GPUs");
  return noDevices;
}

type Answer =
  | { readonly kind: "devices"; readonly devices: EngineDevices }
  | { readonly kind: "failed"; readonly reason: string };

async function askChild(
  entry: string,
  { timeoutMs, packages, gpus }: Pick<AskDevicesOptions, "timeoutMs" | "packages" | "gpus">,
): Promise<Answer> {
  const extra = forkOptionsFor(packages);
  const child = fork(entry, [], {
    env: { ...childEnvironment({ ...hostEnvironment, ...gpuEnvironment(gpus) }), ...extra.env },
    // The loader's options of this process (test runners set some) are not the child's.
    execArgv: [...extra.execArgv],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const answer = await new Promise<Answer>((resolve) => {
    const stopTimer = systemClock.after(timeoutMs, () => finish(failed(`no answer within ${timeoutMs} ms`)));
    const finish = (result: Answer) => {
      stopTimer();
      resolve(result);
    };
    child.on("message", (message) => finish(readAnswer(message)));
    child.on("error", (error) => finish(failed(error.message)));
    child.on("exit", (code, signal) => finish(failed(`it ended with ${signal ?? `exit code ${code}`}`)));
  });
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const gone = new Promise<true>((resolve) => child.once("exit", () => resolve(true)));
    // The answer is all that was wanted: an orderly exit could still hang in the driver.
    child.kill("SIGKILL");
    const waited = new AbortController();
    const isGone = await Promise.race([gone, pause(systemClock, killedMs, waited.signal)]);
    waited.abort();
    // Nor does a hung driver let go of what was killed: it is left behind.
    if (isGone !== true) {
      if (child.connected) child.disconnect();
      child.unref();
    }
  }
  return answer;
}

function readAnswer(message: unknown): Answer {
  if (typeof message !== "object" || message === null) return failed("its answer makes no sense");
  const { kind, reason, backend, names, totalBytes, freeBytes } = message as Readonly<
    Record<string, unknown>
  > & {
    [K in "kind" | "reason" | "backend" | "names" | "totalBytes" | "freeBytes"]?: unknown;
  };
  if (kind === "failed") return failed(String(reason));
  const hasNames =
    Array.isArray(names) && names.length <= maxDevices && names.every((n) => typeof n === "string");
  if (
    kind !== "devices" ||
    typeof backend !== "string" ||
    !hasNames ||
    !isBytes(totalBytes) ||
    !isBytes(freeBytes)
  ) {
    return failed("its answer makes no sense");
  }
  return { kind: "devices", devices: { backend, names, totalBytes, freeBytes } };
}

function isBytes(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function failed(reason: string): Answer {
  return { kind: "failed", reason };
}

/** Node 20 cannot run TypeScript: from the sources (under test) the build is used. */
function builtEntry(): string {
  const isBuilt = import.meta.url.endsWith(".js");
  const place = isBuilt
    ? "../node-llama-cpp/probe-main.js"
    : "../../../dist/adapters/node-llama-cpp/probe-main.js";
  return fileURLToPath(new URL(place, import.meta.url));
}
