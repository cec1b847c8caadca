import { startCluster } from "./cluster.ts";

/** Of whoever signs in to the dashboard in tests. */
export const sessionKey = "an-operator-key-0123456789";
export const sessionPath = "/dashboard/v1/session";
/** What a session's secret looks like: 256 bits. */
export const secretPattern = /[A-Za-z0-9_-]{43}/;

export const withKey = (overrides: Parameters<typeof startCluster>[0] = {}) =>
  startCluster({ apiKeys: [sessionKey], ...overrides });

export const parsed = (text: string) =>
  JSON.parse(text) as Record<string, unknown> & { error?: { message: string } };

export async function audited(url: string, action: string) {
  const answer = await fetch(`${url}/cluster/v1/audit?action=${action}`, {
    headers: { authorization: `Bearer ${sessionKey}` },
  });
  return ((await answer.json()) as { data: { actor: string; target: string }[] }).data;
}
