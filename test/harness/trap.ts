import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { type AtEnd, untilTestEnds } from "./cluster.ts";

export interface Trap {
  readonly port: number;
  /** Connections that came, whatever they said. */
  readonly caught: () => number;
}

/** A port of this machine that nobody is to connect to. */
export async function startTrap(atEnd: AtEnd = untilTestEnds): Promise<Trap> {
  const sockets = new Set<Socket>();
  let caught = 0;
  const server = createServer((socket) => {
    caught += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.end("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nGGUF");
  });
  // All addresses: it is found by whichever name or spelling.
  await new Promise<void>((resolve) => server.listen(0, "::", resolve));
  atEnd(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, caught: () => caught };
}
