import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { type Env, MusterError } from "@muster/base";
import { childEnvironment } from "../common/child-environment.ts";

export interface LlamaServerProgram {
  readonly path: string;
  /** The flags that it knows: they come and go between releases. */
  readonly flags: ReadonlySet<string>;
  /** What it computes on where it may choose: `cuda`, `vulkan`, `metal`, ..., or `cpu`. */
  readonly backend: string;
}

const timeoutMs = 20_000;
const maxOutputBytes = 4 * 1024 * 1024;

/**
 * The llama-server to run: the one named, else the first on PATH. Throws MusterError `model_load_failed` that says where
 * it was looked for, or why it does not run.
 */
export async function findLlamaServer(named: string | undefined, env: Env): Promise<LlamaServerProgram> {
  const path = named ?? (await findOnPath(env));
  if (path === undefined) {
    throw failed(
      "There is no llama-server on PATH. Install llama.cpp (https://github.com/ggml-org/llama.cpp/releases), or name " +
        "the program with --llama-server or MUSTER_LLAMA_SERVER.",
    );
  }
  const flags = await readFlags(path, env);
  return { path, flags, backend: flags.has("--list-devices") ? await readBackend(path, env) : "cpu" };
}

async function findOnPath(env: Env): Promise<string | undefined> {
  const name = process.platform === "win32" ? "llama-server.exe" : "llama-server";
  for (const folder of (env["PATH"] ?? env["Path"] ?? "").split(delimiter)) {
    if (folder === "") continue;
    const path = join(folder, name);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

async function readFlags(path: string, env: Env): Promise<ReadonlySet<string>> {
  try {
    const flags = new Set((await run(path, "--help", env)).match(/(?<![\w-])--?[a-z][a-z0-9-]*/g));
    if (flags.has("--model")) return flags;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw failed(`${path} cannot be run: ${reason}. Name a llama-server with --llama-server.`, cause);
  }
  throw failed(`${path} is no llama-server: its --help names no --model. Name one with --llama-server.`);
}

/** The first of its devices, such as `  CUDA0: NVIDIA RTX 4090 (24 GiB)`. */
async function readBackend(path: string, env: Env): Promise<string> {
  const devices = await run(path, "--list-devices", env).catch(() => "");
  const name = /^\s+([A-Za-z]+)\d+: /m.exec(devices)?.[1]?.toLowerCase() ?? "cpu";
  return name === "mtl" ? "metal" : name;
}

async function run(path: string, flag: string, env: Env): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(path, [flag], {
    env: childEnvironment(env),
    timeout: timeoutMs,
    maxBuffer: maxOutputBytes,
    killSignal: "SIGKILL",
  });
  return `${stdout}\n${stderr}`;
}

function failed(message: string, cause?: unknown): MusterError {
  return new MusterError("model_load_failed", message, { cause });
}
