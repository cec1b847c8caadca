import { type Clock, MusterError } from "@muster/base";
import type { BatchEndpoint, LineUsage } from "../../core/batches/batch.ts";
import { canonicalJson } from "../../core/batches/canonical-json.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import type { Digest } from "../../ports/digest.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { jsonBytes } from "./stored-json.ts";

/** What a line was answered with, in the words of its endpoint. */
export interface CachedResult {
  readonly body: unknown;
  readonly usage: LineUsage;
}

/** What the same answer follows from. */
export interface CacheableLine {
  readonly endpoint: BatchEndpoint;
  readonly model: string;
  /** Of the model's file, where it is known: another file answers otherwise. */
  readonly modelSha256?: string | undefined;
  /** Of the request. */
  readonly body: unknown;
}

interface StoredResult {
  readonly storedAtMs: number;
  /** Of `content`: what is damaged is never given. */
  readonly sha256: string;
  /** A CachedResult, as JSON. */
  readonly content: string;
}

const keptMs = 30 * 86_400_000;
const decoder = new TextDecoder();

/**
 * Answers of deterministic lines, for the same line of the same tenant. It only ever saves work: what cannot be read
 * or written is a miss.
 */
export class ResultCache {
  readonly #store: ObjectStore;
  readonly #digest: Digest;
  readonly #clock: Clock;

  constructor(deps: { readonly store: ObjectStore; readonly digest: Digest; readonly clock: Clock }) {
    this.#store = deps.store;
    this.#digest = deps.digest;
    this.#clock = deps.clock;
  }

  /** The same for lines that ask for the same, whatever the order of their fields. */
  digestOf({ endpoint, model, modelSha256, body }: CacheableLine): string {
    return this.#digest(canonicalJson([endpoint, model, modelSha256 ?? null, body]));
  }

  async get(tenant: string, digest: string): Promise<CachedResult | undefined> {
    const bytes = await this.#store.get(objectKeys.cachedResult(tenant, digest)).catch(ignoreStore);
    return bytes === undefined ? undefined : this.#resultIn(bytes);
  }

  async put(tenant: string, digest: string, { body, usage }: CachedResult): Promise<void> {
    const content = JSON.stringify({ body, usage });
    const stored: StoredResult = {
      storedAtMs: this.#clock.wallMs(),
      sha256: this.#digest(content),
      content,
    };
    await this.#store.put(objectKeys.cachedResult(tenant, digest), jsonBytes(stored)).catch(ignoreStore);
  }

  /** Removes what is too old to be given. */
  async sweep(nowMs: number): Promise<void> {
    for await (const { key, modifiedAtMs } of this.#store.list("tenants/"))
      if (key.split("/")[2] === "results" && nowMs - modifiedAtMs > keptMs) await this.#store.remove(key);
  }

  #resultIn(bytes: Uint8Array): CachedResult | undefined {
    try {
      const { storedAtMs, sha256, content } = JSON.parse(decoder.decode(bytes)) as StoredResult;
      if (!(this.#clock.wallMs() - storedAtMs <= keptMs) || this.#digest(content) !== sha256)
        return undefined;
      return JSON.parse(content) as CachedResult;
    } catch {
      return undefined;
    }
  }
}

function ignoreStore(error: unknown): undefined {
  const { code } = MusterError.from(error);
  if (code !== "store_full" && code !== "store_unavailable") throw error;
  return undefined;
}
