import { randomBytes } from "node:crypto";
import { mkdtemp, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Capability,
  type Clock,
  type Env,
  type Log,
  MusterError,
  pause,
  systemClock,
} from "@muster/base";
import { readGgufFile } from "@muster/models";
import { type CapabilityChange, changeCapabilities } from "../../core/capability-change.ts";
import type { Engine, EngineExit, EngineLoadSpec, ReplicaInfo } from "../../ports/engine.ts";
import { findBuiltEntry } from "../common/built-entry.ts";
import { hostEnvironment } from "../common/config.ts";
import type { EngineChildren } from "../common/engine-children.ts";
import { callForJson, HttpFailure, type HttpTarget } from "../common/http-call.ts";
import { asFields, type JsonFields, numberOf, textOf } from "../common/json-fields.ts";
import { llamaServerCapabilities } from "../common/openai/llama-server-props.ts";
import { UpstreamReplica } from "../common/openai/replica.ts";
import { defaultSilenceMs, type Upstream } from "../common/openai/upstream.ts";
import { serverArguments } from "./arguments.ts";
import { createBufferLog } from "./buffer-log.ts";
import { findLlamaServer } from "./find-server.ts";
import { type ModelMode, modelMode } from "./model-mode.ts";
import { startServerProcess } from "./server-process.ts";

export interface LlamaServerOptions {
  readonly log: Log;
  readonly clock?: Clock;
  /** The program; undefined: the first llama-server on PATH. */
  readonly program?: string | undefined;
  /** Where the child's environment is taken from; undefined: this process's. */
  readonly env?: Env;
  /** The projector that lets the model see or hear: a path, or a URI for `fetchFile`. */
  readonly mmproj?: string | undefined;
  /** A small model that drafts tokens for the large one to check. */
  readonly draft?: string | undefined;
  readonly extraArgs?: readonly string[] | undefined;
  readonly capabilities?: CapabilityChange | undefined;
  /** How far the server stands back for other programs, 0 to 19; undefined: not at all. */
  readonly nice?: number | undefined;
  /** How long a working server may send nothing; undefined: 300 seconds. */
  readonly silenceMs?: number | undefined;
  /** Turns what `mmproj` and `draft` name into files on this machine. */
  readonly fetchFile: (uri: string, signal: AbortSignal) => Promise<string>;
  /** Told of every process that is started. */
  readonly children?: EngineChildren;
  /** The guard's built file; undefined: the one beside this module. */
  readonly guard?: string;
}

const defaultMaxContextTokens = 8192;
const pollMs = 25;
/** A socket's path has at most 104 bytes on macOS and 108 on Linux; mkdtemp and the file's name add 13. */
const maxSocketPrefixBytes = 90;
const probeSilenceMs = 10_000;

type Server = ReturnType<typeof startServerProcess>;

/** Runs GGUF models with llama.cpp's own server, a process per replica that nobody else can reach. */
export function createLlamaServerEngine(options: LlamaServerOptions): Engine {
  const clock = options.clock ?? systemClock;
  return {
    name: "llama-server",
    async load(spec, { signal, onProgress }) {
      if (signal.aborted) throw loadCancelled(spec);
      const startMs = clock.nowMs();
      const log = options.log.child({ modelPath: spec.modelPath });
      let server: Server | undefined;
      try {
        const guard = options.guard ?? findBuiltEntry("llama-server", "guard-main");
        const plan = await makePlan(spec, options, signal);
        const place = await makePlace();
        const key = randomBytes(32).toString("base64url");
        const buffers = createBufferLog();
        server = startServerProcess({
          guard,
          program: plan.program.path,
          args: serverArguments({ ...plan, spec, listen: place, flags: plan.program.flags }),
          key,
          env: options.env ?? hostEnvironment,
          nice: options.nice ?? 0,
          clock,
          log,
          folder: place.folder,
          onLine: buffers.read,
          children: options.children,
        });
        const root: HttpTarget = { baseUrl: place.url, socketPath: place.socketPath, key, clock };
        await untilReady(root, { server, clock, signal });
        const props = await readProps(root, signal);
        onProgress(1);
        const info: ReplicaInfo = {
          engine: "llama-server",
          engineVersion: versionOf(props),
          architecture: plan.mode.architecture,
          fileBytes: (await stat(spec.modelPath)).size,
          contextTokens:
            numberOf(asFields(props["default_generation_settings"]), "n_ctx") ?? plan.contextTokens,
          slots: spec.slots,
          threads: plan.threads,
          backend: spec.gpu === "off" ? "cpu" : plan.program.backend,
          loadMs: Math.round(clock.nowMs() - startMs),
          capabilities: changeCapabilities(
            capabilitiesOf(plan.mode, props),
            spec.isFixed === false ? undefined : options.capabilities,
          ),
          memory: buffers.memory(),
          offload: buffers.offload(),
        };
        log.info({ pid: server.pid, loadMs: info.loadMs, capabilities: info.capabilities }, "model loaded");
        return new UpstreamReplica(info, upstreamOf(root, plan.mode, options), server);
      } catch (error) {
        await server?.close();
        if (signal.aborted) throw loadCancelled(spec);
        throw loadFailed(spec, error, server?.lastWords() ?? "");
      }
    },
  };
}

async function makePlan(spec: EngineLoadSpec, options: LlamaServerOptions, signal: AbortSignal) {
  const { fetchFile } = options;
  // What the owner has given belongs to the owner's model: another would not load with it, or be drafted nonsense.
  const { mmproj, draft } = spec.isFixed === false ? { mmproj: undefined, draft: undefined } : options;
  const projector = spec.projectorUri ?? mmproj;
  const mode = modelMode(await readGgufFile(spec.modelPath));
  return {
    mode,
    program: await findLlamaServer(options.program, options.env ?? hostEnvironment),
    contextTokens:
      spec.contextTokens ??
      Math.min(mode.trainContextTokens ?? defaultMaxContextTokens, defaultMaxContextTokens),
    threads: spec.threads ?? availableParallelism(),
    mmprojPath: projector === undefined ? undefined : await fetchFile(projector, signal),
    draftPath: draft === undefined ? undefined : await fetchFile(draft, signal),
    extra: options.extraArgs ?? [],
  };
}

/**
 * Where the server listens: a socket in a folder that only its owner can enter. On Windows, or where the folder's path
 * is too long for a socket's, a port of this machine.
 */
async function makePlace() {
  const prefix = join(tmpdir(), "muster-llama-");
  if (process.platform === "win32" || Buffer.byteLength(prefix) > maxSocketPrefixBytes) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    return { host: "127.0.0.1", port, url, socketPath: undefined, folder: undefined };
  }
  const folder = await mkdtemp(prefix);
  const socketPath = join(folder, "s.sock");
  return { host: socketPath, port: undefined, url: "http://localhost", socketPath, folder };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** Waits until the server has loaded its model. Throws MusterError `model_load_failed` when it dies before. */
async function untilReady(
  root: HttpTarget,
  deps: { readonly server: Server; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const { server, clock, signal } = deps;
  const stop = new AbortController();
  const onAbort = () => stop.abort();
  signal.addEventListener("abort", onAbort, { once: true });
  let exit: EngineExit | undefined;
  void server.exited.then((how) => {
    exit = how;
    stop.abort();
  });
  try {
    while (!(await isHealthy(root, stop.signal))) {
      await pause(clock, pollMs, stop.signal);
      if (stop.signal.aborted) break;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
  if (signal.aborted) throw new MusterError("cancelled", "Loading was cancelled.");
  if (exit !== undefined) throw new MusterError("model_load_failed", `llama-server ended (${exit.detail})`);
}

async function isHealthy(root: HttpTarget, signal: AbortSignal): Promise<boolean> {
  try {
    const call = { method: "GET", path: "/health", signal, silenceMs: probeSilenceMs } as const;
    return (await callForJson(root, call)).status === 200;
  } catch (error) {
    if (error instanceof HttpFailure) return false;
    throw error;
  }
}

async function readProps(root: HttpTarget, signal: AbortSignal): Promise<JsonFields> {
  const call = { method: "GET", path: "/props", signal, silenceMs: probeSilenceMs } as const;
  const { status, json } = await callForJson(root, call);
  const props = asFields(json);
  if (status === 200 && props !== undefined) return props;
  throw new MusterError(
    "model_load_failed",
    `llama-server answers /props with HTTP ${status}: it may be too old`,
  );
}

/** `build_info` is like `b8681-3f7c29d`. */
function versionOf(props: JsonFields): string | undefined {
  const build = textOf(props, "build_info");
  return build ? `llama.cpp ${build}` : undefined;
}

/** Without a template of the model's own the server would make one up that the model has never seen. */
function capabilitiesOf(mode: ModelMode, props: JsonFields): readonly Capability[] {
  if (mode.task === "embed") return ["embedding", "tokenize"];
  if (mode.task === "rerank") return ["rerank", "tokenize"];
  const found = llamaServerCapabilities(props);
  const chatOnly: readonly Capability[] = ["chat", "tools", "thinking", "vision", "audio"];
  return mode.chatTemplate !== undefined ? found : found.filter((each) => !chatOnly.includes(each));
}

function upstreamOf(root: HttpTarget, mode: ModelMode, options: LlamaServerOptions): Upstream {
  return {
    kind: "llama-server",
    name: "llama-server",
    api: { ...root, baseUrl: `${root.baseUrl}/v1` },
    root,
    model: "model",
    keyAdvice: "It was started with another key than it is asked with: report this.",
    silenceMs: options.silenceMs ?? defaultSilenceMs,
    // Its Qwen 3 rerankers end in a softmax, the others in a logit.
    scores: mode.architecture.startsWith("qwen3") ? "probability" : "logit",
  };
}

function loadCancelled(spec: EngineLoadSpec): MusterError {
  return new MusterError("cancelled", `Loading ${spec.modelPath} was cancelled.`);
}

function loadFailed(spec: EngineLoadSpec, error: unknown, lastWords: string): MusterError {
  const reason = error instanceof Error ? error.message : String(error);
  const words = lastWords === "" ? "" : ` The engine's last words:\n${lastWords}`;
  return new MusterError(
    "model_load_failed",
    `Could not load ${spec.modelPath}: ${reason.replace(/\.$/, "")}.${words}`,
    { cause: error },
  );
}
