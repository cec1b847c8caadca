import { isLoopbackHost, MusterError, type Reach, RefusedHost } from "@muster/base";
import { sendOnce } from "./send-once.ts";

const maxRedirects = 8;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

export interface HttpRequest {
  readonly method: "GET" | "HEAD";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Goes as a bearer token to the origin of `url`, and to no other. */
  readonly token: string | undefined;
  /** Whether to go on to `next`; undefined: always. */
  readonly follows?: (next: URL, response: Response) => boolean;
  /** Each address on the way is checked, and the one that was checked is the one that is connected to. */
  readonly reach: Reach;
  readonly signal: AbortSignal;
}

export function isRedirect(response: Response): boolean {
  return redirectStatuses.has(response.status) && response.headers.has("location");
}

/**
 * Sends a request and follows its redirects by hand: the token stays with the first origin, and an encrypted address
 * never leads to an unencrypted one. Throws MusterError `model_load_failed` for a redirect that breaks these rules, and
 * for a host that may not be connected to; network errors come as they are.
 */
export async function sendFollowing(request: HttpRequest): Promise<Response> {
  const first = new URL(request.url);
  let url = first;
  let hasLeft = false;
  for (let hop = 0; hop <= maxRedirects; hop += 1) {
    const headers: Record<string, string> = { ...request.headers, "accept-encoding": "identity" };
    if (request.token !== undefined && !hasLeft) headers["authorization"] = `Bearer ${request.token}`;
    const { method, reach, signal } = request;
    const response = await sendOnce(url, { method, headers, reach, signal }).catch((error: unknown) => {
      throw error instanceof RefusedHost ? refusedHost(error, url === first ? undefined : first) : error;
    });
    if (!isRedirect(response)) return response;
    const next = readLocation(response, url);
    if (request.follows !== undefined && !request.follows(next, response)) return response;
    await response.body?.cancel();
    refuseUnsafe(url, next);
    hasLeft ||= next.origin !== first.origin;
    url = next;
  }
  throw new MusterError(
    "model_load_failed",
    `${first.origin}${first.pathname} redirects more than ${maxRedirects} times: check the address.`,
  );
}

function readLocation(response: Response, base: URL): URL {
  const location = response.headers.get("location") ?? "";
  try {
    return new URL(location, base);
  } catch (cause) {
    throw new MusterError("model_load_failed", `${base.origin} redirects to an address that is no URL.`, {
      cause,
    });
  }
}

function refusedHost(refused: RefusedHost, from: URL | undefined): MusterError {
  const way = from === undefined ? "" : `, and ${from.origin} redirects there`;
  return new MusterError(
    "model_load_failed",
    `${refused.host} leads to an address that nothing is fetched from${way}. Whoever runs this machine can allow it: ` +
      `MUSTER_FETCH_HOSTS=${refused.host}`,
    { cause: refused },
  );
}

function refuseUnsafe(from: URL, to: URL): void {
  if (to.username !== "" || to.password !== "") {
    throw new MusterError(
      "model_load_failed",
      `${from.origin} redirects to an address with a user name or password in it: refused.`,
    );
  }
  const isLocal = isLoopbackHost(from.hostname) && isLoopbackHost(to.hostname);
  if (to.protocol === "https:" || (to.protocol === "http:" && isLocal)) return;
  throw new MusterError(
    "model_load_failed",
    `${from.origin} redirects to ${to.protocol}//${to.host}, which is not encrypted: refused. ` +
      "Use an address that stays on https.",
  );
}
