import { type Clock, isLoopbackHost, type Log, MusterError, type Reach, systemClock } from "@muster/base";
import type { HubFileName } from "../../core/model-uri.ts";
import type { HubFile, ModelHub } from "../../ports/model-hub.ts";
import { isRedirect, sendFollowing } from "../common/redirects.ts";
import {
  defaultRetry,
  isPassingStatus,
  networkReason,
  PassingFailure,
  type RetryPolicy,
  readRetryAfterMs,
  retrying,
} from "../common/retry.ts";

const defaultHubEndpoint = "https://huggingface.co";

export interface HuggingFaceHubOptions {
  /** A mirror's address; undefined or empty: huggingface.co. */
  readonly endpoint: string | undefined;
  /** An access token, for gated and private repositories. */
  readonly token: string | undefined;
  /** Must allow the endpoint, where that is not on the public network. */
  readonly reach: Reach;
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly retry?: RetryPolicy;
  /** How long one question may take. */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 30_000;

/** Throws MusterError `invalid_request` for an endpoint that is no address, or not encrypted. */
export function createHuggingFaceHub(options: HuggingFaceHubOptions): ModelHub {
  const endpoint = readEndpoint(options.endpoint);
  const clock = options.clock ?? systemClock;
  const token = options.token === "" ? undefined : options.token;
  const retry = {
    policy: options.retry ?? { ...defaultRetry, maxFruitless: 4 },
    clock,
    random: options.random ?? Math.random,
    log: options.log,
  };
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  return {
    async locate(file, signal) {
      const url = resolveUrl(endpoint, file);
      const what = `Asking ${endpoint} about ${describe(file)}`;
      return await retrying(what, { ...retry, signal }, async () => {
        const response = await ask(url, { token, reach: options.reach, signal, timeoutMs });
        if (isPassingStatus(response.status)) {
          const retryAfterMs = readRetryAfterMs(response.headers.get("retry-after"), clock.wallMs());
          throw new PassingFailure(`the hub answered ${response.status}`, { retryAfterMs });
        }
        if (response.status !== 200 && !isRedirect(response)) {
          throw refusal(response, { file, endpoint, hasToken: token !== undefined });
        }
        return { url, token, ...readFile(response) };
      });
    },
  };
}

async function ask(
  url: string,
  options: {
    readonly token: string | undefined;
    readonly reach: Reach;
    readonly signal: AbortSignal;
    readonly timeoutMs: number;
  },
): Promise<Response> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  try {
    return await sendFollowing({
      method: "HEAD",
      url,
      headers: {},
      ...{ token: options.token, reach: options.reach },
      // A renamed repository redirects within the hub; the way to the file's storage is the download's business.
      follows: (next, response) =>
        next.origin === new URL(url).origin && !response.headers.has("x-linked-etag"),
      signal: AbortSignal.any([options.signal, timeout]),
    });
  } catch (error) {
    if (error instanceof MusterError) throw error;
    const reason = timeout.aborted
      ? `it did not answer within ${options.timeoutMs} ms`
      : networkReason(error);
    throw new PassingFailure(reason, { cause: error });
  }
}

function resolveUrl(endpoint: string, file: HubFileName): string {
  const path = file.file.split("/").map(encodeURIComponent).join("/");
  return `${endpoint}/${file.owner}/${file.repo}/resolve/${encodeURIComponent(file.revision)}/${path}`;
}

/** Large files are kept by their SHA-256, which the hub tells as their tag; other tags are no checksums of ours. */
function readFile(response: Response): Omit<HubFile, "url" | "token"> {
  const tag = response.headers.get("x-linked-etag")?.replace(/^W\//, "").replaceAll('"', "").toLowerCase();
  const linked = response.headers.get("x-linked-size");
  const own = response.status === 200 ? response.headers.get("content-length") : null;
  const size = linked ?? own;
  return {
    sha256: tag !== undefined && /^[0-9a-f]{64}$/.test(tag) ? tag : undefined,
    bytes: size !== null && /^\d+$/.test(size) ? Number(size) : undefined,
    commit: response.headers.get("x-repo-commit") ?? undefined,
  };
}

function refusal(
  response: Response,
  context: { readonly file: HubFileName; readonly endpoint: string; readonly hasToken: boolean },
): MusterError {
  const { file, endpoint } = context;
  const page = `${endpoint}/${file.owner}/${file.repo}`;
  switch (response.status) {
    case 401:
    case 403: {
      const tokenAdvice = context.hasToken
        ? "make sure that HF_TOKEN belongs to the account that accepted it and may read this repository"
        : `then create a read token (${endpoint}/settings/tokens) and start the worker with HF_TOKEN set to it`;
      return failed(
        `${describe(file)} is a gated model, is private, or does not exist (the hub answered ${response.status}). ` +
          `For a gated model open ${page}, accept its licence, ${tokenAdvice}.`,
      );
    }
    case 404:
      return failed(
        `The hub has no ${describe(file)}: check the names of repository, revision and file (capitals count) at ` +
          `${page}/tree/${encodeURIComponent(file.revision)}.`,
      );
    default:
      return failed(`The hub answered ${response.status} for ${describe(file)}: look at ${page}.`);
  }
}

function describe(file: HubFileName): string {
  return `file "${file.file}" in repository "${file.owner}/${file.repo}" at revision "${file.revision}"`;
}

function failed(message: string): MusterError {
  return new MusterError("model_load_failed", message);
}

/** The address of a hub. Throws MusterError `invalid_request` for one that is none, or not encrypted. */
export function readEndpoint(text: string | undefined): string {
  if (text === undefined || text.trim() === "") return defaultHubEndpoint;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopbackHost(url.hostname));
  if (url === undefined || !isSafe || url.username !== "" || url.password !== "") {
    throw new MusterError(
      "invalid_request",
      "HF_ENDPOINT must be an https address without a password (http only for this machine), for example " +
        `${defaultHubEndpoint}.`,
      { param: "HF_ENDPOINT" },
    );
  }
  return (url.origin + url.pathname).replace(/\/+$/, "");
}
