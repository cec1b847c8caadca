/** A key as the orchestrator tells of it; `key` only where it was just made. */
export interface KeyJson {
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  readonly state: "live" | "expired" | "revoked";
  readonly scopes: readonly string[];
  readonly models: readonly string[] | null;
  readonly limits: Readonly<Record<string, number | null>>;
  readonly secrets: readonly { readonly prefix: string; readonly expires_at: number | null }[];
  readonly created_by: string;
  readonly expires_at: number | null;
  readonly revoked_by: string | null;
  readonly last_used_on: string | null;
  readonly key: string;
}

/** /cluster/v1/keys, asked with some key; without one where none is needed. Throws the status and message of a refusal. */
export function keysOf(url: string, key?: string) {
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${url}/cluster/v1/keys${path}`, {
      method,
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as T & { error?: { message: string } };
    if (!response.ok) throw new Error(`${response.status}: ${answer.error?.message}`);
    return answer;
  };
  return {
    create: (asked: Record<string, unknown>) => ask<KeyJson>("POST", "", asked),
    list: async () => (await ask<{ data: KeyJson[] }>("GET", "")).data,
    get: (id: string) => ask<KeyJson>("GET", `/${id}`),
    rotate: (id: string, overlapSeconds: number) =>
      ask<KeyJson>("POST", `/${id}/rotate`, { overlap_seconds: overlapSeconds }),
    change: (id: string, asked: Record<string, unknown>) => ask<KeyJson>("PATCH", `/${id}`, asked),
    revoke: (id: string) => ask<KeyJson>("DELETE", `/${id}`),
  };
}

/** The status of a GET with a key. */
export async function statusWith(url: string, key: string, path = "/v1/models"): Promise<number> {
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } });
  await response.arrayBuffer();
  return response.status;
}
