import type { Background, Clock, Lifecycle, Log } from "@muster/base";
import { createRedisHistory } from "./adapters/redis/history.ts";
import { createRedisLiveExchange } from "./adapters/redis/live-exchange.ts";
import type { StartedBatches } from "./compose-batches.ts";
import type { OrchestratorConfig } from "./config.ts";
import { countByState } from "./core/batches/batch.ts";
import type { FindingsDesk } from "./flows/findings/findings-desk.ts";
import type { FleetRegistry } from "./flows/fleet-registry.ts";
import { BatchRows } from "./flows/live/batch-rows.ts";
import type { FlowMeter } from "./flows/live/flow-meter.ts";
import { HistoryKeeper } from "./flows/live/history-keeper.ts";
import { LiveFeed } from "./flows/live/live-feed.ts";
import { type HistorySpan, readHistory } from "./flows/live/read-history.ts";
import { Sampler } from "./flows/live/sampler.ts";
import type { RequestDesk } from "./flows/request-desk.ts";
import { createLiveWording } from "./http/cluster/live-words.ts";
import type { LiveRouteDeps } from "./http/http-deps.ts";
import { version } from "./version.ts";

export interface StartedLive extends LiveRouteDeps {
  /** Ends the streams: whoever waits for them to end waits for ever. */
  close(): void;
}

/** Builds what tells what is so now and what was, and sets it going. */
export function startLive(deps: {
  readonly config: OrchestratorConfig;
  readonly self: string;
  readonly address: string;
  readonly meter: FlowMeter;
  readonly fleet: FleetRegistry;
  readonly requests: RequestDesk;
  readonly batching: StartedBatches;
  readonly findings: FindingsDesk;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
  readonly lifecycle: Lifecycle;
}): StartedLive {
  const {
    config,
    self,
    address,
    meter,
    fleet,
    requests,
    batching,
    findings,
    clock,
    log,
    background,
    lifecycle,
  } = deps;
  const { liveIntervalMs: intervalMs, historySpans: spans, redisPrefix: prefix } = config;
  const store = createRedisHistory({ address, prefix, self, log });
  const keeper = new HistoryKeeper({ store, spans, clock, log, background });
  const sampler = new Sampler({
    ...{ meter, intervalMs, clock, log, background },
    exchange: createRedisLiveExchange({ address, prefix, self, clock, log }),
    workers: () => fleet.workers(),
    requests: () => requests.demand(),
    linesLeft: () => batching.remaining(),
    findings: () => findings.own(),
  });
  const batchRows = new BatchRows({ active: batching.active, desk: batching.batches, clock });
  const feed = new LiveFeed({
    ...{ log, background, findings: (audience) => findings.of(audience) },
    latest: () => sampler.latest(),
    batches: () => batchRows.rows(),
    wording: createLiveWording({
      ...{ version, orchestratorId: self, startedWallMs: clock.wallMs(), intervalMs },
      wallMs: () => clock.wallMs(),
      batches: () => countByState(batching.active.all()),
    }),
  });
  sampler.notify((look) => {
    keeper.add(look.own);
    findings.tick(look);
    feed.tick(look);
  });
  sampler.start();
  lifecycle.onStop("history", () => keeper.stop());
  lifecycle.onStop("live samples", () => sampler.stop());
  return {
    feed,
    findings: (tenant) => findings.of(tenant),
    history: (span: HistorySpan) => readHistory({ store, spans, wallMs: () => clock.wallMs() }, span),
    close: () => feed.close(),
  };
}
