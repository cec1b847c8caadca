import type { RequestOptions, Transport } from "../http.ts";
import { withQuery } from "../query.ts";
import type { ResponseInfo } from "../response-info.ts";
import { type WatchedEvent, type WatchOptions, watchEvents } from "../watch-events.ts";
import type { Finding, History, HistoryQuery, LiveEvent } from "./live-types.ts";
import type { List } from "./models.ts";

/**
 * `muster.live`: the cluster as it is now, as it was, and what somebody should look at.
 * @example for await (const event of muster.live.watch()) if (event.kind === "now") draw(event.data);
 */
export interface Live {
  /**
   * What happens, as it happens: `now` every two seconds, workers, batches and findings first whole, then what has
   * changed. Connections that break are made again, and everything comes whole again. Ends with the signal, without an
   * error; throws a MusterApiError for what another try would not change, and for a server that is away for too long.
   * @example
   * for await (const event of muster.live.watch({ signal: AbortSignal.timeout(60_000) }))
   *   if (event.kind === "findings") for (const { says } of event.data) console.log(says);
   */
  watch(options?: WatchOptions): AsyncIterable<LiveEvent>;
  /**
   * A span of time, in steps. Rejects with a MusterApiError.
   * @example const day = await muster.live.history({ since: Date.now() / 1000 - 86_400, points: 96 });
   */
  history(query?: HistoryQuery, options?: RequestOptions): Promise<History & ResponseInfo>;
  /**
   * What is wrong now, and what to do about it. Rejects with a MusterApiError.
   * @example const problems = (await muster.live.findings()).data.filter(({ severity }) => severity === "problem");
   */
  findings(options?: RequestOptions): Promise<List<Finding> & ResponseInfo>;
}

const kinds: ReadonlySet<string> = new Set(["hello", "now", "workers", "batches", "findings"]);

export function createLive(transport: Transport): Live {
  return {
    watch: (options = {}) =>
      watchEvents({ transport, path: "/cluster/v1/live", reader: () => liveEventOf }, options),
    history: (query, options) =>
      transport.json<History>({
        method: "GET",
        path: withQuery("/cluster/v1/history", { ...query }),
        options,
      }),
    findings: (options) =>
      transport.json<List<Finding>>({ method: "GET", path: "/cluster/v1/findings", options }),
  };
}

/** A newer server may tell of more. */
function liveEventOf({ event, data }: WatchedEvent): LiveEvent | undefined {
  return kinds.has(event ?? "") ? ({ kind: event, data } as LiveEvent) : undefined;
}
