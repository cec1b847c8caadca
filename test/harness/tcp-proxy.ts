import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Stands between two programs and does to their connections what networks do. */
export interface TcpProxy {
  /** `host:port` that stays the same whoever is behind it. */
  readonly address: string;
  /** From now on connections are made to this `host:port`. */
  forwardTo(address: string): void;
  /** Throws away what the server says until the connections are reset: a stream with a gap is of no use any more. */
  muteServer(): void;
  /** What the server has said so far, on all connections together. */
  receivedBytes(): number;
  /** Ends every connection by RST once the server has said this much more. */
  cutAfter(bytes: number): void;
  /** Ends every connection by RST. */
  reset(): void;
  /** What is sent from now on arrives this much later, in order. */
  delay(delayMs: number): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  isServerMute: boolean;
}

export async function startTcpProxy(): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let target: { readonly host: string; readonly port: number } | undefined;
  let delayMs = 0;
  let received = 0;
  let cutAt = Number.POSITIVE_INFINITY;

  const later = (task: () => void) => {
    // Timers of one duration run in the order in which they were set.
    if (delayMs > 0) setTimeout(task, delayMs);
    else task();
  };
  const join = (client: Socket) => {
    if (target === undefined) {
      client.resetAndDestroy();
      return;
    }
    const pair: Pair = { client, server: connect(target), isServerMute: false };
    pairs.add(pair);
    carry(client, pair.server, () => true);
    carry(pair.server, client, () => !pair.isServerMute);
    pair.server.on("data", (chunk) => {
      received += chunk.length;
      if (received < cutAt) return;
      cutAt = Number.POSITIVE_INFINITY;
      reset();
    });
    client.once("close", () => pairs.delete(pair));
  };
  const carry = (from: Socket, to: Socket, isHeard: () => boolean) => {
    from.on("data", (chunk) => {
      if (!isHeard()) return;
      later(() => {
        if (to.destroyed || to.write(chunk)) return;
        from.pause();
        to.once("drain", () => from.resume());
      });
    });
    from.on("end", () => later(() => to.end()));
    // The other side learns of a broken connection as a broken connection.
    from.on("error", () => to.resetAndDestroy());
    from.on("close", () => later(() => to.destroy()));
  };

  const server = createServer(join);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const reset = () => {
    for (const pair of pairs) {
      pair.client.resetAndDestroy();
      pair.server.resetAndDestroy();
    }
  };
  return {
    address: `127.0.0.1:${port}`,
    forwardTo(address) {
      const [host = "", portText = ""] = address.split(":");
      target = { host, port: Number(portText) };
    },
    muteServer() {
      for (const pair of pairs) pair.isServerMute = true;
    },
    receivedBytes: () => received,
    cutAfter(bytes) {
      cutAt = received + bytes;
    },
    reset,
    delay(ms) {
      delayMs = ms;
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      reset();
      await closed;
    },
  };
}
