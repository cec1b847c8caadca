import type { TLSSocket } from "node:tls";
import type { Clock } from "@muster/base";

/** Connections that nobody vouches for, at once: of one address, and in all. */
const maxPerAddress = 32;
const maxInAll = 512;
/** Joining takes a second. */
const longestMs = 60_000;

/** Says of each connection without a certificate that counts whether it is let in; those that are end by themselves. */
export function createEnrolDoor(clock: Clock): (socket: TLSSocket) => boolean {
  const open = new Map<string, number>();
  let total = 0;
  return (socket) => {
    const address = socket.remoteAddress ?? "";
    const count = open.get(address) ?? 0;
    if (count >= maxPerAddress || total >= maxInAll) return false;
    open.set(address, count + 1);
    total += 1;
    const stop = clock.after(longestMs, () => socket.destroy());
    socket.once("close", () => {
      stop();
      total -= 1;
      const left = (open.get(address) ?? 1) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
    return true;
  };
}
