import type { RequestOptions, Transport } from "../http.ts";
import { withQuery } from "../query.ts";
import type { ResponseInfo } from "../response-info.ts";
import { type WatchedEvent, type WatchOptions, watchEvents } from "../watch-events.ts";
import type { LogLine, LogQuery } from "./live-types.ts";
import type { List } from "./models.ts";

/**
 * `muster.logs`: what the orchestrator and its workers have said lately.
 * @example const { data } = await muster.logs.list({ level: "warn" });
 */
export interface Logs {
  /**
   * The newest lines that match, the oldest of them first. Rejects with a MusterApiError.
   * @example for (const line of (await muster.logs.list({ request: "req-1" })).data) console.log(line.words);
   */
  list(query?: LogQuery, options?: RequestOptions): Promise<List<LogLine> & ResponseInfo>;
  /**
   * The same lines, and then each as it comes. Connections that break are made again, and no line comes twice. Ends with
   * the signal, without an error; throws a MusterApiError as `live.watch` does.
   * @example for await (const { at, source, words } of muster.logs.follow({ source: "desk-1" })) console.log(at, source, words);
   */
  follow(query?: LogQuery, options?: WatchOptions): AsyncIterable<LogLine>;
}

/** As many as the server gives at once: what it says again after a break is among them. */
const maxRemembered = 2_000;
const all = "/cluster/v1/logs";

export function createLogs(transport: Transport): Logs {
  return {
    list: (query, options) =>
      transport.json<List<LogLine>>({ method: "GET", path: withQuery(all, { ...query }), options }),
    follow: (query, options = {}) =>
      watchEvents({ transport, path: withQuery(all, { ...query, follow: 1 }), reader: newLines }, options),
  };
}

/** Leaves out what an earlier connection has brought already. */
function newLines(): (event: WatchedEvent) => LogLine | undefined {
  const seen = new Map<string, number>();
  return ({ event, data, connection }) => {
    if (event !== "line") return undefined;
    const text = JSON.stringify(data);
    const broughtBy = seen.get(text);
    if (broughtBy !== undefined && broughtBy < connection) return undefined;
    seen.delete(text);
    seen.set(text, connection);
    const [oldest] = seen.keys();
    if (seen.size > maxRemembered && oldest !== undefined) seen.delete(oldest);
    return data as LogLine;
  };
}
