import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type Clock, type Log, MusterError, type Reach, systemClock } from "@muster/base";
import type { GgufHeader } from "../../core/gguf-header.ts";
import { modelParts } from "../../core/model-parts.ts";
import { formatModelUri, type ModelUri, parseModelUri } from "../../core/model-uri.ts";
import type { ModelHub } from "../../ports/model-hub.ts";
import type { InspectedModel, ModelInspector } from "../../ports/model-inspector.ts";
import { readGgufFile } from "../common/gguf-file.ts";
import { readGgufSource } from "../common/gguf-prefix.ts";
import { defaultRetry, type RetryPolicy } from "../common/retry.ts";
import { openRemote, type RemoteFile, type RemoteTools } from "./remote-prefix.ts";

export interface ModelInspectorOptions {
  readonly hub: ModelHub;
  readonly reach: Reach;
  readonly log: Log;
  /** Where the models that come with Muster are, by name. */
  readonly builtIn?: Readonly<Record<string, string>>;
  /** Where a file is that was put into the office mirror; undefined: nowhere. */
  readonly localPath?:
    | ((uri: Extract<ModelUri, { readonly kind: "local" }>) => string | undefined)
    | undefined;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly retry?: RetryPolicy;
}

type Seen = Omit<InspectedModel, "uri">;

const timeoutMs = 30_000;

/** Reads headers on this machine's disk and, range by range, over HTTP. */
export function createModelInspector(options: ModelInspectorOptions): ModelInspector {
  const { hub, log, builtIn = {} } = options;
  const tools: RemoteTools = {
    clock: options.clock ?? systemClock,
    log,
    random: options.random ?? Math.random,
    policy: options.retry ?? { ...defaultRetry, maxFruitless: 4 },
    reach: options.reach,
    timeoutMs,
  };
  const seenAt = async (uri: ModelUri, signal: AbortSignal): Promise<Seen> => {
    switch (uri.kind) {
      case "hf": {
        const files: RemoteFile[] = [];
        let sha256: string | undefined;
        for (const file of modelParts(uri.file)) {
          const found = await hub.locate({ ...uri, file }, signal);
          sha256 = found.sha256;
          files.push(found);
        }
        const remote = await inspectRemote(files, tools, signal);
        return { ...remote, sha256: files.length === 1 ? sha256 : undefined };
      }
      case "http":
        return inspectRemote(urlParts(uri.url), tools, signal);
      case "path":
        return inspectLocal(expanded(uri.path)).catch((error: unknown) => {
          throw asAsked(error, uri.path);
        });
      case "builtin": {
        const path = Object.hasOwn(builtIn, uri.name) ? builtIn[uri.name] : undefined;
        if (path !== undefined) return inspectLocal(path);
        throw noFile(uri, `no model of this name comes with Muster`);
      }
      case "local": {
        const path = options.localPath?.(uri);
        if (path !== undefined) return inspectLocal(path);
        throw noFile(uri, `the office mirror has no file of this name`);
      }
      case "openai":
      case "stub":
        throw noFile(uri, "another program has the model, and its file cannot be looked at");
    }
  };
  return {
    async inspect(text, signal) {
      const uri = parseModelUri(text);
      return { uri: formatModelUri(uri), ...(await seenAt(uri, signal)) };
    },
  };
}

async function inspectRemote(
  files: readonly RemoteFile[],
  tools: RemoteTools,
  signal: AbortSignal,
): Promise<Seen> {
  const seen: SeenFile[] = [];
  for (const file of files) {
    const source = await openRemote(file, tools, signal);
    seen.push({ bytes: source.bytes, header: await readGgufSource(source) });
  }
  return together(seen);
}

async function inspectLocal(path: string): Promise<Seen> {
  const seen: SeenFile[] = [];
  for (const part of modelParts(path)) {
    seen.push({ header: await readGgufFile(part), bytes: (await stat(part)).size });
  }
  return together(seen);
}

interface SeenFile {
  readonly bytes: number;
  readonly header: GgufHeader;
}

function together([first, ...others]: readonly SeenFile[]): Seen {
  if (first === undefined) throw new MusterError("internal", "A model without a file was looked at.");
  return {
    bytes: others.reduce((sum, { bytes }) => sum + bytes, first.bytes),
    sha256: undefined,
    header: first.header,
    parts: others.map(({ header }) => header),
  };
}

function urlParts(address: string): RemoteFile[] {
  const url = new URL(address);
  return modelParts(url.pathname).map((pathname) => {
    url.pathname = pathname;
    return { url: url.href, token: undefined, bytes: undefined };
  });
}

function expanded(path: string): string {
  return /^~[/\\]/.test(path) ? join(homedir(), path.slice(2)) : resolve(path);
}

/** Says no more of where this process is than whoever asked has written. */
function asAsked(error: unknown, path: string): unknown {
  if (!(error instanceof MusterError)) return error;
  const message = error.message.replaceAll(dirname(expanded(path)), dirname(path));
  return message === error.message ? error : new MusterError(error.code, message, { cause: error });
}

function noFile(uri: ModelUri, why: string): MusterError {
  return new MusterError(
    "invalid_request",
    `"${formatModelUri(uri)}" cannot be in the catalogue: ${why}. Give a GGUF file: hf:, https: or a path.`,
    { param: "uri" },
  );
}
