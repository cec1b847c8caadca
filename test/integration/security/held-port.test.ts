import { once } from "node:events";
import { connect } from "node:http2";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryDirectory, untilTestEnds } from "../../harness/cluster.ts";
import { createMusterProcess } from "../../harness/muster-process.ts";
import { testRedis } from "../../support/redis.ts";

it("does not keep the process of an orchestrator alive that was told to stop", async () => {
  const directory = await temporaryDirectory();
  const { url } = await testRedis();
  const orchestrator = createMusterProcess({
    name: "held",
    args: [
      ...["orchestrator", "--port", "0", "--fleet-port", "0", "--redis-url", url],
      ...["--data-dir", join(directory, "held")],
    ],
    env: { MUSTER_REDIS_PREFIX: `held-${process.pid}` },
    ready: /Clients: (\S+)\/v1\nWorkers: .*--join (\S+)\n/,
  });
  untilTestEnds(() => orchestrator.kill());
  const [, , fleet] = await orchestrator.start();
  const session = connect(`http://${fleet}`);
  session.on("error", () => {});
  untilTestEnds(() => session.destroy());
  await once(session, "connect");
  const headers = {
    ":method": "POST",
    ":path": "/muster.v1.Fleet/Connect",
    "content-type": "application/grpc",
  };
  // Given up before all of it is sent: what waits for a stream's end waits as long as we hold the connection.
  for (let times = 0; times < 20; times++) {
    const given = session.request({ ...headers, te: "trailers" });
    given.on("error", () => {});
    const message = Buffer.alloc(300_000, 1);
    message.writeUInt8(0, 0);
    message.writeUInt32BE(message.length - 5, 1);
    given.write(message.subarray(0, 200_000));
    if (times % 2 === 0) given.close();
    else given.end(message.subarray(200_000));
  }
  const held = session.request(headers);
  held.on("error", () => {});
  held.write(Buffer.alloc(64 * 1024));
  await orchestrator.kill("SIGTERM");
  expect(orchestrator.accident()).toBeUndefined();
}, 30_000);
