import { createHmac } from "node:crypto";
import { MusterError } from "@muster/base";

/** By the Standard Webhooks specification: 24 to 64 bytes. */
const secretBytes = { least: 24, most: 64 };

/** The key in `whsec_<base64>`. Throws `invalid_request`; never names the secret. */
export function parseWebhookSecret(text: string): Uint8Array {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const key = Buffer.from(base64 ?? "", "base64");
  if (key.length >= secretBytes.least && key.length <= secretBytes.most) return key;
  throw new MusterError(
    "invalid_request",
    `MUSTER_WEBHOOK_SECRET is no webhook secret: write whsec_ and ${secretBytes.least} to ${secretBytes.most} bytes as base64, for example the output of: echo "whsec_$(openssl rand -base64 32)"`,
    { param: "MUSTER_WEBHOOK_SECRET" },
  );
}

/** The headers that a message is known by, as Standard Webhooks has them. */
export function webhookHeaders(
  key: Uint8Array,
  message: { readonly id: string; readonly atSeconds: number; readonly body: string },
): Record<string, string> {
  const { id, atSeconds, body } = message;
  const signature = createHmac("sha256", key).update(`${id}.${atSeconds}.${body}`).digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": String(atSeconds),
    "webhook-signature": `v1,${signature}`,
  };
}
