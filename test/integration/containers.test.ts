import { Redis } from "ioredis";
import { GenericContainer, getContainerRuntimeClient, Wait } from "testcontainers";
import { describe, expect, it } from "vitest";
import { redisRoundTrip } from "../support/redis-round-trip.ts";

const images = ["redis:7-alpine", "valkey/valkey:8-alpine"];
const dockerTimeoutMs = 3_000;

/** Undefined where Docker answers, else why these tests cannot run here. */
async function whyNoDocker(): Promise<string | undefined> {
  const late = AbortSignal.timeout(dockerTimeoutMs);
  try {
    await Promise.race([
      getContainerRuntimeClient(),
      new Promise((_resolve, reject) => {
        late.addEventListener("abort", () => reject(new Error(`no answer within ${dockerTimeoutMs} ms`)));
      }),
    ]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const problem = await whyNoDocker();
const note = problem === undefined ? "" : ` (skipped, Docker does not answer: ${problem})`;

describe.skipIf(problem !== undefined)(`servers in containers${note}`, () => {
  it.each(images)(
    "%s answers and carries a job to a worker and its result back",
    async (image) => {
      const container = await new GenericContainer(image)
        .withExposedPorts(6379)
        .withWaitStrategy(Wait.forLogMessage("Ready to accept connections"))
        .start();
      const connection = new Redis(container.getMappedPort(6379), container.getHost(), {
        maxRetriesPerRequest: null,
      });
      try {
        expect(await connection.ping()).toBe("PONG");
        expect(await redisRoundTrip(connection, "muster")).toBe("MUSTER");
      } finally {
        connection.disconnect();
        await container.stop();
      }
    },
    120_000,
  );
});
