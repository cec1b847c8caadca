import type { Clock } from "@muster/base";
import { workerIdFrom } from "@muster/proto";

/** Connections that nobody vouches for, at once: of one address, and in all. */
const maxPerAddress = 32;
const maxStrangers = 512;
/** Joining takes a second. */
const longestMs = 60_000;
/** One for its stream, some for files, and those of before that nobody has missed yet. */
const maxPerWorker = 32;

/** What is used of a TLSSocket. */
interface Socket {
  readonly remoteAddress?: string | undefined;
  getPeerCertificate(): { readonly subjectaltname?: string | undefined };
  once(event: "close", listener: () => void): unknown;
  destroy(): unknown;
}

/** Says of each connection without a certificate that counts whether it is let in; those that are end by themselves. */
export function createEnrolDoor(clock: Clock): (socket: Socket) => boolean {
  const count = createCounter(maxPerAddress, maxStrangers);
  return (socket) => {
    if (!count(socket.remoteAddress ?? "", socket)) return false;
    const stop = clock.after(longestMs, () => socket.destroy());
    socket.once("close", stop);
    return true;
  };
}

/** The same of connections with one: a certificate counts for TLS though its worker may have been revoked. */
export function createWorkerDoor(): (socket: Socket) => boolean {
  const count = createCounter(maxPerWorker, Number.POSITIVE_INFINITY);
  return (socket) => {
    const { subjectaltname = "" } = socket.getPeerCertificate();
    return count(workerIdFrom(subjectaltname.replace(/^URI:/, "")) ?? socket.remoteAddress ?? "", socket);
  };
}

/** Counts what is open by whose it is; false: it would be too much. */
function createCounter(maxOfOne: number, maxInAll: number): (whose: string, socket: Socket) => boolean {
  const open = new Map<string, number>();
  let total = 0;
  return (whose, socket) => {
    const count = open.get(whose) ?? 0;
    if (count >= maxOfOne || total >= maxInAll) return false;
    open.set(whose, count + 1);
    total += 1;
    socket.once("close", () => {
      total -= 1;
      const left = (open.get(whose) ?? 1) - 1;
      if (left > 0) open.set(whose, left);
      else open.delete(whose);
    });
    return true;
  };
}
