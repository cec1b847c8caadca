import { afterAll } from "vitest";
import { startTestRedis, type TestRedis } from "./redis-server.ts";

export { startTestRedis } from "./redis-server.ts";

let shared: Promise<TestRedis> | undefined;

afterAll(async () => {
  const started = shared;
  shared = undefined;
  await (await started)?.stop();
});

/**
 * The Redis that all tests of one file share: the one at REDIS_URL, else one that is started now and stopped after the
 * file's last test. Others may use it too: keep to a key prefix of your own, and never flush it.
 */
export async function testRedis(): Promise<{ readonly url: string }> {
  const url = process.env["REDIS_URL"];
  if (url !== undefined && url !== "") return { url };
  shared ??= startTestRedis();
  return shared;
}
