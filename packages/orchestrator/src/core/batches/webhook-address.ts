import { type HostRule, ruleFor } from "@muster/base";

/** Why no webhook may be sent to an address, for whoever has named it; undefined: one may. */
export function webhookRefusal(rules: readonly HostRule[], text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:"))
    return `"webhook_url" is no http or https URL.`;
  if (url.username !== "" || url.password !== "")
    return `"webhook_url" has a user name or password in it. Messages are signed: check their signature instead.`;
  if (ruleFor(rules, url) !== undefined) return undefined;
  const wanted = (url.port === "" ? url.hostname : url.host).slice(0, 256);
  return `"webhook_url" names the host ${wanted}, which webhooks may not be sent to. Whoever runs this service can allow it: MUSTER_WEBHOOK_HOSTS=${wanted}`;
}
