import { type Clock, MusterError } from "@muster/base";
import type { FastifyRequest } from "fastify";
import type { AuditTrail } from "../ports/audit-trail.ts";

/** Remembered of one key or peer in a minute; the rest is counted. */
const perMinute = 3;
const windowMs = 60_000;
/** More at once share one entry: whoever has many addresses must not fill our memory. */
const maxPeers = 1_000;
const others = "many peers";

interface Window {
  seen: number;
  untold: number;
  stop: () => void;
}

/** Has the audit trail remember who was turned away, without letting anybody flood it. */
export class Refusals {
  readonly #deps: { readonly audit: AuditTrail; readonly clock: Clock };
  readonly #windows = new Map<string, Window>();

  constructor(deps: { readonly audit: AuditTrail; readonly clock: Clock }) {
    this.#deps = deps;
  }

  /** Notes what was thrown at a request, if it says that somebody may not ask. */
  note(request: FastifyRequest, error: unknown): void {
    if (!(error instanceof MusterError)) return;
    if (error.code !== "unauthenticated" && error.code !== "forbidden") return;
    const { method, routeOptions, ip } = request;
    const actor = this.#nameOf(request.principal?.keyId ?? `peer:${ip}`);
    const window = this.#windows.get(actor) ?? this.#open(actor);
    window.seen += 1;
    if (window.seen > perMinute) {
      window.untold += 1;
      return;
    }
    this.#deps.audit.record({
      ...{ action: "access.refuse", actor, target: `${method} ${routeOptions.url ?? "no route"}` },
      details: { code: error.code },
    });
  }

  /** Tells what was only counted. */
  close(): void {
    for (const [actor, { stop }] of this.#windows) {
      stop();
      this.#end(actor);
    }
  }

  #nameOf(actor: string): string {
    return this.#windows.has(actor) || this.#windows.size < maxPeers ? actor : others;
  }

  #open(actor: string): Window {
    const stop = this.#deps.clock.after(windowMs, () => this.#end(actor));
    const window: Window = { seen: 0, untold: 0, stop };
    this.#windows.set(actor, window);
    return window;
  }

  #end(actor: string): void {
    const more = this.#windows.get(actor)?.untold ?? 0;
    this.#windows.delete(actor);
    if (more === 0) return;
    this.#deps.audit.record({ action: "access.refuse", actor, target: "several", details: { more } });
  }
}
