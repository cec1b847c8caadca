import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { connect } from "node:net";
import { Background, deferred, silentLog } from "@muster/base";
import { fastify } from "fastify";
import { expect, it } from "vitest";
import { operator } from "../../core/access/principal.ts";
import { clusterNow } from "../../core/live/cluster-now.ts";
import { fleetSample } from "../../core/live/fleet-sample.ts";
import { LiveFeed } from "../../flows/live/live-feed.ts";
import { liveRoutes } from "./live.ts";

it("a client that leaves while it is looked up who asks is followed by nobody", async () => {
  const own = { ms: 2_000, models: new Map(), fleet: fleetSample([]) };
  const feed = new LiveFeed({
    ...{ log: silentLog, background: new Background(silentLog) },
    latest: () => ({ own, workers: [], now: clusterNow([own]), foundElsewhere: [] }),
    batches: async () => [],
    findings: () => [],
    wording: {
      ...{ hello: () => "hello", now: () => "now", findings: () => "findings" },
      ...{ workerRow: () => "", batchRow: () => "", rows: () => "" },
    },
  });
  const app = fastify();
  app.decorateRequest("principal");
  const asked = deferred<ServerResponse>();
  app.addHook("onRequest", async (request, reply) => {
    request.principal = operator({ keyId: "k", tenant: "t" });
    asked.resolve(reply.raw);
    await once(reply.raw, "close");
  });
  const subscribed = deferred<void>();
  const keyRing = { isOpen: false, whoHas: () => operator({ keyId: "k", tenant: "t" }) };
  const sessions = { whoIs: async () => keyRing.whoHas(), stillIs: () => keyRing.whoHas() };
  const live = {
    feed: {
      subscribe: (...follower: Parameters<LiveFeed["subscribe"]>) => {
        const leave = feed.subscribe(...follower);
        setImmediate(() => subscribed.resolve(undefined));
        return leave;
      },
    },
    findings: () => [],
  };
  liveRoutes(app, { live, keyRing, sessions } as unknown as Parameters<typeof liveRoutes>[1]);
  const url = new URL(await app.listen({ host: "127.0.0.1", port: 0 }));
  const socket = connect(Number(url.port), "127.0.0.1");
  socket.write("GET /cluster/v1/live HTTP/1.1\r\nhost: localhost\r\n\r\n");
  await asked.promise;
  socket.destroy();
  await subscribed.promise;
  expect(feed.size).toBe(0);
  await app.close();
});
