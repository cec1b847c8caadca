import type { Clock, Log } from "@muster/base";
import type { BusMessage, TokenBus } from "../../ports/token-bus.ts";
import { connectRedis, type RedisAddress } from "../common/redis-connection.ts";

/** Messages of one direction are gathered this long: at 20 tokens/s a stream loses nothing that a reader sees. */
const gatherMs = 15;

/**
 * A bus over Redis pub/sub: one channel per orchestrator, never stored. What is meant for this orchestrator itself is
 * delivered at once, without Redis.
 */
export function createRedisTokenBus(options: {
  readonly address: RedisAddress;
  readonly prefix: string;
  readonly self: string;
  readonly log: Log;
  readonly clock: Clock;
}): TokenBus {
  const { address, self, log, clock } = options;
  const channelOf = (replica: string) => `${options.prefix}:bus:${replica}`;
  const publisher = connectRedis(address, "fails-fast", { log, name: "muster-bus-out" });
  const subscriber = connectRedis(address, "blocking", { log, name: "muster-bus-in" });
  const gathered = new Map<string, BusMessage[]>();
  let receive: (message: BusMessage) => void = () => {};

  subscriber.subscribe(channelOf(self)).catch((error: unknown) => {
    log.error({ error: String(error) }, "bus subscription failed");
  });
  subscriber.on("message", (_channel: string, text: string) => {
    // Written by another orchestrator of this build: JSON of an array of BusMessage.
    for (const message of JSON.parse(text) as BusMessage[]) receive(message);
  });

  const flush = (to: string): void => {
    const messages = gathered.get(to);
    gathered.delete(to);
    if (messages === undefined) return;
    publisher.publish(channelOf(to), JSON.stringify(messages)).catch((error: unknown) => {
      log.warn({ to, messages: messages.length, error: String(error) }, "bus messages lost");
    });
  };

  return {
    self,
    send(to, message) {
      if (to === self) {
        receive(message);
        return;
      }
      const waiting = gathered.get(to);
      if (waiting !== undefined) {
        waiting.push(message);
        return;
      }
      gathered.set(to, [message]);
      const isPiece = message.kind === "event" && message.event.kind === "delta";
      clock.after(isPiece ? gatherMs : 0, () => flush(to));
    },
    listen(handler) {
      receive = handler;
    },
    async close() {
      for (const to of [...gathered.keys()]) flush(to);
      await publisher.quit().catch(() => publisher.disconnect());
      subscriber.disconnect();
    },
  };
}
