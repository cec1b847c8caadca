import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { mayDo, type Principal } from "../../core/access/principal.ts";
import type { LiveSubscriber } from "../../flows/live/live-feed.ts";
import { plainHeaders } from "../answering/held-stream.ts";
import { isStillAllowed } from "../auth.ts";
import type { HttpDeps } from "../http-deps.ts";
import { EventStream } from "../sse.ts";
import { findingBody } from "./live-words.ts";

/** The cluster as it is now: as a stream of changes, and what somebody should look at. */
export function liveRoutes(
  app: FastifyInstance,
  deps: Pick<HttpDeps, "live" | "keyRing" | "sessions">,
): void {
  app.get(
    "/cluster/v1/live",
    // A stream has no end that its headers could wait for.
    { config: { scope: "read" }, exposeHeadRoute: false },
    (request, reply) => {
      const follower = new Follower(request, reply, deps);
      const leave = deps.live.feed.subscribe(follower);
      reply.raw.once("close", leave);
      // It may have left while it was looked up who asks.
      if (reply.raw.destroyed) leave();
    },
  );

  app.get("/cluster/v1/findings", { config: { scope: "read" } }, ({ principal }) => ({
    object: "list",
    data: deps.live.findings(audienceOf(principal)).map(findingBody),
    has_more: false,
  }));
}

/** Whose batches somebody may see; undefined: everybody's. */
function audienceOf(principal: Principal): string | undefined {
  return mayDo(principal, "admin") ? undefined : principal.tenant;
}

/** One client of the stream. The answer begins with what it is told first: until then a refusal is a proper error. */
class Follower implements LiveSubscriber {
  readonly audience: string | undefined;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  readonly #deps: Pick<HttpDeps, "keyRing" | "sessions">;
  readonly #events: EventStream;
  #isOpen = false;
  #hasRoom = true;

  constructor(request: FastifyRequest, reply: FastifyReply, deps: Pick<HttpDeps, "keyRing" | "sessions">) {
    this.#request = request;
    this.#reply = reply;
    this.#deps = deps;
    this.#events = new EventStream(reply.raw);
    this.audience = audienceOf(request.principal);
  }

  get hasRoom(): boolean {
    return this.#hasRoom;
  }

  isAllowed(): boolean {
    return isStillAllowed(this.#request, this.#deps);
  }

  send(event: string): void {
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#reply.hijack();
      this.#events.open(plainHeaders(this.#reply));
    }
    const room = this.#events.sendText(event);
    if (room === undefined) return;
    this.#hasRoom = false;
    void room.then(() => {
      this.#hasRoom = true;
    });
  }

  end(): void {
    this.#events.close();
  }
}
