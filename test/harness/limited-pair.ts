import type { OrchestratorOverrides } from "@muster/orchestrator";
import { eventually, model, startCluster, type TestCluster, temporaryDirectory } from "./cluster.ts";
import { type KeyJson, keysOf } from "./keys-api.ts";

let pairs = 0;
export const freshPrefix = () => `limited-${process.pid}-${++pairs}`;

const operatorKey = "an-operator-key-0123456789";

type Headers = Readonly<Record<string, string>>;

/** A cluster whose `post` sends the key that has the limits. */
export interface LimitedCluster extends TestCluster {
  readonly key: string;
  readonly keyId: string;
  readonly auth: Headers;
  readonly operatorAuth: Headers;
}

export interface LimitedPairOptions extends OrchestratorOverrides {
  /** Of the key that tests ask with, as the API calls them. */
  readonly limits?: Readonly<Record<string, number>>;
}

/** Two orchestrators on one Redis and one object store, with an operator's key and one with limits; the workers dial the first. */
export async function startLimitedPair(
  { limits = {}, ...overrides }: LimitedPairOptions,
  worker: Parameters<TestCluster["worker"]>[1] = {},
): Promise<readonly [LimitedCluster, LimitedCluster]> {
  const shared = {
    redisPrefix: freshPrefix(),
    objectStore: await temporaryDirectory(),
    apiKeys: [operatorKey],
    ...overrides,
  };
  const operator = shared.apiKeys[0]?.replace(/^.*:/, "") ?? operatorKey;
  const one = await startCluster(shared);
  const other = await startCluster(shared);
  await one.worker("desk", worker);
  const scopes = ["inference", "batch", "read"];
  const made = await keysOf(one.url, operator).create({ name: "limited", scopes, limits });
  const pair = [limited(one, { made, operator }), limited(other, { made, operator })] as const;
  await eventually(async () => {
    const answer = await fetch(`${other.url}/v1/models`, { headers: pair[1].auth });
    const { data = [] } = (await answer.json()) as { data?: { id: string; slots: number }[] };
    return data.some(({ id, slots }) => id === model && slots > 0);
  });
  return pair;
}

function limited(
  cluster: TestCluster,
  { made, operator }: { readonly made: KeyJson; readonly operator: string },
): LimitedCluster {
  const auth = { authorization: `Bearer ${made.key}` };
  return {
    ...cluster,
    key: made.key,
    keyId: made.id,
    auth,
    operatorAuth: { authorization: `Bearer ${operator}` },
    post: (path, body, init = {}) =>
      cluster.post(path, body, { ...init, headers: { ...auth, ...(init.headers as Headers) } }),
  };
}
