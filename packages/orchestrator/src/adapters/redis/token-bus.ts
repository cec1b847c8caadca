import type { Clock, Log } from "@muster/base";
import type { BusMessage, TokenBus } from "../../ports/token-bus.ts";
import { connectRedis, type RedisAddress } from "../common/redis-connection.ts";

/** Messages of one direction are gathered this long: at 20 tokens/s a stream loses nothing that a reader sees. */
const gatherMs = 15;
const retryMs = 200;
/** A receiver that nobody has reached for this long is gone, and what it should have got is dropped. */
const giveUpMs = 10_000;
const maxWaiting = 50_000;

/** What is published: messages of one sender to one receiver, counted. */
interface Packet {
  readonly from: string;
  readonly number: number;
  readonly messages: readonly BusMessage[];
}

/** What waits for one receiver. One packet is under way at a time: order holds, and a slow store gets larger packets. */
interface Outbox {
  messages: BusMessage[];
  /** Sent, and perhaps received: tried again as it is, so that the receiver knows it. */
  underWay: Packet | undefined;
  number: number;
  isBusy: boolean;
  failingSinceMs: number | undefined;
}

/** Undefined for what no orchestrator of this build has written. */
function parsePacket(text: string): Packet | undefined {
  try {
    const packet = JSON.parse(text) as Partial<Packet> | null;
    const { from, number, messages } = packet ?? {};
    if (typeof from !== "string" || !Number.isInteger(number) || !Array.isArray(messages)) return undefined;
    return packet as Packet;
  } catch {
    return undefined;
  }
}

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
  const outboxes = new Map<string, Outbox>();
  const received = new Map<string, number>();
  let receive: (message: BusMessage) => void = () => {};
  let isClosed = false;

  subscriber.subscribe(channelOf(self)).catch((error: unknown) => {
    log.error({ error: String(error) }, "bus subscription failed");
  });
  subscriber.on("message", (_channel: string, text: string) => {
    const packet = parsePacket(text);
    if (packet === undefined) {
      log.error({ length: text.length }, "unreadable packet on the bus");
      return;
    }
    const { from, number, messages } = packet;
    const expected = received.get(from) ?? 0;
    // It has come before: its sender did not learn so.
    if (number < expected) return;
    received.set(from, number + 1);
    if (number > expected) receive({ kind: "gap", from });
    for (const message of messages) receive(message);
  });

  /** Publishes what waits for `to`; true once somebody has got it. */
  const publish = async (to: string, outbox: Outbox): Promise<boolean> => {
    if (outbox.underWay === undefined) {
      outbox.underWay = { from: self, number: outbox.number, messages: outbox.messages };
      outbox.number += 1;
      outbox.messages = [];
    }
    const receivers = await publisher.publish(channelOf(to), JSON.stringify(outbox.underWay)).catch(() => 0);
    if (receivers > 0) {
      outbox.underWay = undefined;
      outbox.failingSinceMs = undefined;
      return true;
    }
    outbox.failingSinceMs ??= clock.nowMs();
    if (clock.nowMs() - outbox.failingSinceMs > giveUpMs || outbox.messages.length > maxWaiting) {
      log.warn(
        { to, messages: outbox.underWay.messages.length + outbox.messages.length },
        "bus messages dropped",
      );
      // The number that is left out tells the receiver, should it come back.
      outbox.underWay = undefined;
      outbox.messages = [];
    }
    return false;
  };

  const hasMore = (outbox: Outbox) => outbox.underWay !== undefined || outbox.messages.length > 0;

  const flushAfter = (to: string, outbox: Outbox, delayMs: number): void => {
    outbox.isBusy = true;
    clock.after(delayMs, () => {
      publish(to, outbox).then(
        (isDelivered) => {
          outbox.isBusy = false;
          if (hasMore(outbox) && !isClosed) flushAfter(to, outbox, isDelivered ? 0 : retryMs);
        },
        (error: unknown) => log.error({ to, error: String(error) }, "bus failed"),
      );
    });
  };

  return {
    self,
    send(to, message) {
      if (to === self) {
        receive(message);
        return;
      }
      const outbox = outboxes.get(to) ?? {
        messages: [],
        underWay: undefined,
        number: 0,
        isBusy: false,
        failingSinceMs: undefined,
      };
      outboxes.set(to, outbox);
      outbox.messages.push(message);
      if (outbox.isBusy) return;
      const isPiece = message.kind === "event" && message.event.kind === "delta";
      flushAfter(to, outbox, isPiece ? gatherMs : 0);
    },
    listen(handler) {
      receive = handler;
    },
    async close() {
      isClosed = true;
      // What was said last, such as the ends of answers that were cut off, still goes out if it can.
      await Promise.all([...outboxes].map(([to, outbox]) => (hasMore(outbox) ? publish(to, outbox) : false)));
      await publisher.quit().catch(() => publisher.disconnect());
      subscriber.disconnect();
    },
  };
}
