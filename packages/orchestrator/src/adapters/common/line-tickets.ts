import { createHmac, timingSafeEqual } from "node:crypto";
import type { AssignedAttempt, LineTickets } from "../../ports/line-tickets.ts";

/** Of 32: as many as nobody guesses. */
const ticketBytes = 16;

/** Tickets are computed from what they stand for and a secret: none is kept anywhere. */
export function createHmacLineTickets(secret: Uint8Array): LineTickets {
  const ticketOf = ({ attemptId, epoch, workerId }: AssignedAttempt) =>
    createHmac("sha256", secret)
      .update(JSON.stringify([attemptId, epoch, workerId]))
      .digest()
      .subarray(0, ticketBytes);
  return {
    issue: (assigned) => ticketOf(assigned).toString("hex"),
    isGenuine(ticket, assigned) {
      const shown = Buffer.from(ticket, "hex");
      return shown.length === ticketBytes && timingSafeEqual(shown, ticketOf(assigned));
    },
  };
}
