import { type Clock, deferred, type Log } from "@muster/base";
import type { EngineExit } from "../../ports/engine.ts";
import { callHttp, HttpFailure, type HttpTarget } from "../common/http-call.ts";
import type { UpstreamLife } from "../common/openai/replica.ts";

const everyMs = 5_000;
const failuresInRow = 3;

/**
 * Asks a server for its models every five seconds: three failures in a row, or a refused connection, and it counts as
 * gone. Nothing of it is ours to stop: closing ends the watch.
 */
export function watchUpstream(
  api: HttpTarget,
  deps: { readonly clock: Clock; readonly log: Log },
): UpstreamLife {
  const { clock, log } = deps;
  const exit = deferred<EngineExit>();
  const over = new AbortController();
  let failures = 0;
  let stopTimer = () => {};

  const end = (how: EngineExit) => {
    if (over.signal.aborted) return;
    over.abort();
    stopTimer();
    exit.resolve(how);
  };
  const gone = (detail: string) => end({ kind: "crashed", detail });

  const check = async () => {
    const trouble = await findTrouble(api, over.signal);
    if (over.signal.aborted) return;
    failures = trouble === undefined ? 0 : failures + 1;
    if (trouble !== undefined)
      log.warn({ url: api.baseUrl, reason: trouble.reason, failures }, "upstream check failed");
    if (trouble !== undefined && (trouble.isRefused || failures >= failuresInRow)) gone(trouble.reason);
    else stopTimer = clock.after(everyMs, () => void check());
  };
  stopTimer = clock.after(everyMs, () => void check());

  return {
    exited: exit.promise,
    close: async () => end({ kind: "closed", detail: "closed" }),
    broke: async (isRefused) => {
      if (isRefused) gone("nobody listens at its address");
    },
    lastWords: () => "",
  };
}

/** Why the server is not well; undefined: it is. Never rejects. */
async function findTrouble(
  api: HttpTarget,
  signal: AbortSignal,
): Promise<{ readonly reason: string; readonly isRefused: boolean } | undefined> {
  try {
    const reply = await callHttp(api, { method: "GET", path: "/models", signal, silenceMs: everyMs });
    for await (const _chunk of reply.body);
    return reply.status === 200 ? undefined : { reason: `HTTP ${reply.status}`, isRefused: false };
  } catch (error) {
    const isRefused = error instanceof HttpFailure && error.kind === "refused";
    return { reason: error instanceof Error ? error.message : String(error), isRefused };
  }
}
