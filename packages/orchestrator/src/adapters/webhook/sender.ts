import { type ClientRequest, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { checkedLookup, parseHostRule, type ResolveHost } from "@muster/base";
import { webhookRefusal } from "../../core/batches/webhook-address.ts";
import type { WebhookAnswer, WebhookMessage, WebhookSender } from "../../ports/webhook-sender.ts";
import { parseWebhookSecret, webhookHeaders } from "./signature.ts";

const timeoutMs = 10_000;
/** "I am gone": by the Standard Webhooks specification nothing more is to be sent there. */
const goneStatus = 410;

interface WebhookSenderOptions {
  /** Hosts that may be sent to: `host`, `host:port`, `*.domain`. None: webhooks are refused. */
  readonly hosts: readonly string[];
  /** `whsec_` and base64. Undefined: webhooks are refused. */
  readonly secret: string | undefined;
  /** How names become addresses; the system's way unless a test has another. */
  readonly resolve?: ResolveHost;
}

/**
 * Sends over HTTP(S), signed by Standard Webhooks. Follows no redirects and reads no answers. A name that leads to
 * this machine or to a link-local address is not connected to; the check is made on the address that is used.
 * Throws `invalid_request` for hosts or a secret that cannot be understood.
 */
export function createHttpWebhookSender(options: WebhookSenderOptions): WebhookSender {
  const rules = options.hosts.map((entry) => parseHostRule(entry, "MUSTER_WEBHOOK_HOSTS"));
  const key = options.secret === undefined ? undefined : parseWebhookSecret(options.secret);
  const reach = { rules, ...(options.resolve === undefined ? {} : { resolve: options.resolve }) };

  const refusal = (url: string): string | undefined => {
    const why = webhookRefusal(rules, url);
    if (why !== undefined) return why;
    if (key !== undefined) return undefined;
    return `"webhook_url" cannot be used: messages are signed, and this service has no secret for it. Whoever runs it can set one: MUSTER_WEBHOOK_SECRET=whsec_<base64>`;
  };

  return {
    refusal,
    async send(message, signal) {
      if (webhookRefusal(rules, message.url) !== undefined || key === undefined)
        return { kind: "failed", isFinal: true, reason: "its host is not allowed any more" };
      const headers = {
        ...webhookHeaders(key, message),
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(message.body)),
        "user-agent": "Muster",
      };
      try {
        const lookup = checkedLookup(new URL(message.url), reach);
        return answerOf(await post(message, { headers, lookup, signal }));
      } catch (error) {
        return {
          kind: "failed",
          isFinal: false,
          reason: error instanceof Error ? error.message : String(error),
        };
      }
    },
  };
}

function answerOf(status: number): WebhookAnswer {
  if (status >= 200 && status < 300) return { kind: "delivered" };
  return { kind: "failed", isFinal: status === goneStatus, reason: `it answered ${status}` };
}

/** The status of the answer; its body is not read. */
function post(
  { url, body }: WebhookMessage,
  how: {
    readonly headers: Record<string, string>;
    readonly lookup: LookupFunction;
    readonly signal: AbortSignal;
  },
): Promise<number> {
  const send = new URL(url).protocol === "https:" ? httpsRequest : httpRequest;
  const signal = AbortSignal.any([how.signal, AbortSignal.timeout(timeoutMs)]);
  return new Promise((resolve, reject) => {
    // Without an agent: no connection is kept, so none is used again for a name that leads elsewhere by then.
    const request: ClientRequest = send(
      url,
      { method: "POST", agent: false, headers: how.headers, lookup: how.lookup, signal },
      (response) => {
        resolve(response.statusCode ?? 0);
        response.destroy();
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}
