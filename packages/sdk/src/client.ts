import { defaultBaseUrl, serverRoot } from "./base-url.ts";
import { readEnvironment } from "./config.ts";
import { createTransport, type FetchFunction } from "./http.ts";
import { type Audit, createAudit } from "./resources/audit.ts";
import { type Batches, createBatches } from "./resources/batches.ts";
import { type Chat, createChat } from "./resources/chat.ts";
import { type Completions, createCompletions } from "./resources/completions.ts";
import { createEmbeddings, type Embeddings } from "./resources/embeddings.ts";
import { createFiles, type Files } from "./resources/files.ts";
import { createKeys, type Keys } from "./resources/keys.ts";
import { createLive, type Live } from "./resources/live.ts";
import { createLogs, type Logs } from "./resources/logs.ts";
import { createMirror, type MirrorResource } from "./resources/mirror.ts";
import { createModels, type Models } from "./resources/models.ts";
import { createRerank, type Rerank } from "./resources/rerank.ts";
import { createTokenize, type Tokenize } from "./resources/tokenize.ts";
import { createTrust, type TrustResource } from "./resources/trust.ts";
import { createUsage, type UsageResource } from "./resources/usage.ts";
import { createWorkers, type Workers } from "./resources/workers.ts";

const defaultTimeoutMs = 600_000;
const defaultMaxRetries = 2;

/**
 * How to reach a Muster server; everything has a default.
 * @example const options: MusterOptions = { baseUrl: "https://gpu.example/v1", apiKey: key, timeoutMs: 60_000 };
 */
export interface MusterOptions {
  /** With or without `/v1`. Default: `MUSTER_BASE_URL`, else `http://127.0.0.1:11500/v1`. */
  readonly baseUrl?: string | undefined;
  /** Default: `MUSTER_API_KEY`, else none: a server on the same machine needs none. */
  readonly apiKey?: string | undefined;
  /**
   * How long one try may take to answer; for a stream, the longest silence. Default: 600,000. Node's own fetch gives up
   * after 300,000 of silence whatever is said here: stream long answers.
   */
  readonly timeoutMs?: number | undefined;
  /** Tries after the first, on lost connections and on 408, 409, 429 and 5xx. Default: 2. */
  readonly maxRetries?: number | undefined;
  /** Used instead of the global fetch: for proxies, certificates, tests. */
  readonly fetch?: FetchFunction | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * A client of one Muster server. Making one opens no connection; it needs no closing. Throws a TypeError for options
 * that cannot be.
 * @example
 * const muster = new Muster();
 * const answer = await muster.chat.completions.create({
 *   model: "gemma-4-e4b-it",
 *   messages: [{ role: "user", content: "Why is the sky blue?" }],
 * });
 * console.log(answer.choices[0]?.message.content);
 */
export class Muster {
  /** Where requests go, as OpenAI's clients write it: with `/v1`. */
  readonly baseUrl: string;
  readonly chat: Chat;
  readonly completions: Completions;
  readonly embeddings: Embeddings;
  readonly rerank: Rerank;
  readonly files: Files;
  readonly batches: Batches;
  readonly models: Models;
  readonly mirror: MirrorResource;
  readonly workers: Workers;
  readonly live: Live;
  readonly logs: Logs;
  readonly keys: Keys;
  readonly audit: Audit;
  readonly tokenize: Tokenize;
  readonly usage: UsageResource;
  readonly trust: TrustResource;

  constructor(options: MusterOptions = {}) {
    const environment = readEnvironment();
    const root = serverRoot(options.baseUrl ?? environment.baseUrl ?? defaultBaseUrl);
    const apiKey = options.apiKey ?? environment.apiKey;
    const transport = createTransport({
      root,
      timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
      maxRetries: options.maxRetries ?? defaultMaxRetries,
      headers: { ...authorization(apiKey), ...options.headers },
      fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
    });
    this.baseUrl = `${root}/v1`;
    this.chat = createChat(transport);
    this.completions = createCompletions(transport);
    this.embeddings = createEmbeddings(transport);
    this.rerank = createRerank(transport);
    this.tokenize = createTokenize(transport);
    this.files = createFiles(transport);
    this.batches = createBatches(transport, this.files);
    this.models = createModels(transport);
    this.mirror = createMirror(transport);
    this.workers = createWorkers(transport);
    this.live = createLive(transport);
    this.logs = createLogs(transport);
    this.keys = createKeys(transport);
    this.audit = createAudit(transport);
    this.usage = createUsage(transport);
    this.trust = createTrust(transport);
  }
}

function authorization(apiKey: string | undefined): Record<string, string> {
  if (apiKey === undefined || apiKey === "") return {};
  // Checked here: what fetch throws for a bad header shows its value.
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new TypeError(
      "The API key holds spaces, line ends or letters that no header can carry. Copy it again.",
    );
  }
  return { authorization: `Bearer ${apiKey}` };
}
