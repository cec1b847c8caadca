import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { createHmacLineTickets } from "./line-tickets.ts";

const tickets = createHmacLineTickets(randomBytes(32));
const assigned = { attemptId: "batch_1.0.1.0.1", epoch: 1, workerId: "w1" };
const ticket = tickets.issue(assigned);

it("is good for its attempt and worker alone", () => {
  expect(ticket).toMatch(/^[0-9a-f]{32}$/);
  expect(tickets.isGenuine(ticket, assigned)).toBe(true);
  for (const other of [
    { ...assigned, attemptId: "batch_1.1.1.0.1" },
    { ...assigned, epoch: 2 },
    { ...assigned, workerId: "w2" },
    // The same letters, cut elsewhere.
    { attemptId: "batch_1.0.1.0", epoch: 11, workerId: "w1" },
  ])
    expect(tickets.isGenuine(ticket, other)).toBe(false);
});

it("is good with its secret alone, and as it was issued", () => {
  expect(createHmacLineTickets(randomBytes(32)).isGenuine(ticket, assigned)).toBe(false);
  for (const wrong of ["", "00", ticket.slice(2), `${ticket}00`, "z".repeat(32), `0${ticket}`])
    expect(tickets.isGenuine(wrong, assigned)).toBe(false);
});
