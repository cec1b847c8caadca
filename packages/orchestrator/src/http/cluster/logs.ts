import { logLevels, MusterError } from "@muster/base";
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import { isWanted, type LineFilter, type ShownLine } from "../../core/log-query.ts";
import { isStillAllowed } from "../auth.ts";
import type { HttpDeps } from "../http-deps.ts";
import { parseBody } from "../parsing/body.ts";
import { EventStream } from "../sse.ts";

/** At one time. */
const maxFollowers = 32;
/** Lines that wait for a reader who is slow; the rest is left out. */
const maxUnread = 1_000;
/** How often it is asked whether a reader's key still counts. */
const recheckMs = 2_000;

const querySchema = z.strictObject({
  level: z.enum(logLevels).default("info"),
  source: z.string().min(1).max(128).optional(),
  request: z.string().min(1).max(200).optional(),
  limit: z.coerce.number().int().min(1).max(2_000).default(200),
  follow: z.enum(["0", "1"]).optional(),
});

/** GET /cluster/v1/logs: the newest lines of this orchestrator and its workers, and those that come. */
export function logsRoute(
  app: FastifyInstance,
  deps: Pick<HttpDeps, "logs" | "clock" | "keyRing" | "sessions">,
): void {
  const followers = new Set<() => void>();
  let isClosing = false;
  app.addHook("preClose", async () => {
    isClosing = true;
    for (const end of followers) end();
  });

  app.get("/cluster/v1/logs", { config: { scope: "admin" } }, (request, reply) => {
    const { limit, follow, ...filter } = parseBody(querySchema, request.query);
    const lines = deps.logs.list(filter, limit);
    if (follow !== "1") return { object: "list", data: lines.map(lineBody) };
    if (isClosing) throw new MusterError("shutting_down", "The orchestrator is shutting down.");
    if (followers.size >= maxFollowers)
      throw new MusterError("rate_limited", `${maxFollowers} readers follow the log already.`, {
        retryAfterMs: 10_000,
      });
    const tell = openStream(reply);
    for (const line of lines) tell.line(line);
    const stopFollowing = deps.logs.follow((line) => {
      if (isWanted(line, filter satisfies LineFilter)) tell.line(line);
    });
    const end = () => {
      followers.delete(end);
      stopFollowing();
      stopTimer();
      tell.close();
    };
    let stopTimer = () => {};
    const recheck = () => {
      if (!isStillAllowed(request, deps)) return end();
      stopTimer = deps.clock.after(recheckMs, recheck);
    };
    followers.add(end);
    recheck();
    reply.raw.once("close", end);
    // It may have left while it was looked up who asks.
    if (reply.raw.destroyed) end();
    return reply;
  });
}

/** Tells lines as fast as they are read; of those that nobody has room for, it tells how many there were. */
function openStream(reply: FastifyReply) {
  const headers = Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)] as const);
  reply.hijack();
  const events = new EventStream(reply.raw);
  events.open(Object.fromEntries(headers));
  const waiting: ShownLine[] = [];
  let dropped = 0;
  let isBusy = false;
  const flush = async () => {
    isBusy = true;
    for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) {
      await events.send(lineBody(line), "line");
      if (waiting.length > 0 || dropped === 0) continue;
      events.comment(`${dropped} lines left out: they came faster than they were read`);
      dropped = 0;
    }
    isBusy = false;
  };
  return {
    line(line: ShownLine) {
      if (waiting.length >= maxUnread) dropped += 1;
      else waiting.push(line);
      if (!isBusy) void flush();
    },
    close: () => events.close(),
  };
}

function lineBody({ atMs, level, source, words, fields }: ShownLine) {
  return { at: atMs / 1_000, level, source, words, fields };
}
