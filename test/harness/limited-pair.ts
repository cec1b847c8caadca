import type { OrchestratorOverrides } from "@muster/orchestrator";
import { eventually, model, startCluster, type TestCluster, temporaryDirectory } from "./cluster.ts";

let pairs = 0;
export const freshPrefix = () => `limited-${process.pid}-${++pairs}`;

/** Two orchestrators on one Redis and one object store; the workers dial the first. */
export async function startLimitedPair(
  overrides: OrchestratorOverrides,
  worker: Parameters<TestCluster["worker"]>[1] = {},
): Promise<readonly [TestCluster, TestCluster]> {
  const shared = {
    redisPrefix: freshPrefix(),
    objectStore: await temporaryDirectory(),
    ...overrides,
  };
  const one = await startCluster(shared);
  const other = await startCluster(shared);
  await one.worker("desk", worker);
  await eventually(async () => {
    const auth = overrides.apiKeys?.[0]?.replace(/^.*:/, "");
    const headers = auth === undefined ? {} : { authorization: `Bearer ${auth}` };
    const { data } = (await (await fetch(`${other.url}/v1/models`, { headers })).json()) as {
      data: { id: string; slots: number }[];
    };
    return data.some(({ id, slots }) => id === model && slots > 0);
  });
  return [one, other];
}
