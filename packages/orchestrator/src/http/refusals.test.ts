import { ManualClock, MusterError } from "@muster/base";
import type { FastifyRequest } from "fastify";
import { describe, expect, it } from "vitest";
import type { AuditEvent } from "../ports/audit-trail.ts";
import { Refusals } from "./refusals.ts";

function room() {
  const clock = new ManualClock();
  const events: AuditEvent[] = [];
  const refusals = new Refusals({ clock, audit: { record: (event) => void events.push(event) } });
  const note = (ip: string, error: unknown = new MusterError("unauthenticated", "no"), keyId?: string) => {
    const principal = keyId === undefined ? undefined : { keyId };
    const request = { method: "GET", ip, principal, routeOptions: { url: "/v1/models" } };
    refusals.note(request as unknown as FastifyRequest, error);
  };
  return { clock, events, refusals, note };
}

describe("who is turned away", () => {
  it("is remembered by key, or by address where there is none, with the route and why", () => {
    const { events, note } = room();
    note("10.0.0.1");
    note("10.0.0.1", new MusterError("forbidden", "no"), "key_a");
    note("10.0.0.1", new MusterError("not_found", "no"));
    note("10.0.0.1", new Error("a bug"));
    expect(events).toEqual([
      {
        ...{ action: "access.refuse", actor: "peer:10.0.0.1", target: "GET /v1/models" },
        details: { code: "unauthenticated" },
      },
      {
        ...{ action: "access.refuse", actor: "key_a", target: "GET /v1/models" },
        details: { code: "forbidden" },
      },
    ]);
  });

  it("is remembered three times a minute, and then as a number", () => {
    const { clock, events, note } = room();
    for (let at = 0; at < 50; at++) note("10.0.0.1");
    expect(events).toHaveLength(3);
    clock.advance(60_000);
    expect(events[3]).toMatchObject({ actor: "peer:10.0.0.1", details: { more: 47 } });
    note("10.0.0.1");
    expect(events).toHaveLength(5);
    clock.advance(60_000);
    expect(events).toHaveLength(5);
  });

  it("shares what is remembered with others where there are too many", () => {
    const { clock, events, note } = room();
    for (let at = 0; at < 5_000; at++) note(`10.0.${at >> 8}.${at & 255}`);
    expect(events.length).toBeLessThan(1_010);
    clock.advance(60_000);
    expect(events.at(-1)).toMatchObject({ actor: "many peers", details: { more: 3_997 } });
  });

  it("is told at the end what was only counted", () => {
    const { events, refusals, note } = room();
    for (let at = 0; at < 5; at++) note("10.0.0.1");
    refusals.close();
    expect(events.at(-1)).toMatchObject({ details: { more: 2 } });
  });
});
