import { randomBytes, randomUUID } from "node:crypto";
import {
  type Background,
  type Clock,
  type Lifecycle,
  type Log,
  MusterError,
  type TokenizeRequest,
} from "@muster/base";
import { createHmacLineTickets } from "./adapters/common/line-tickets.ts";
import { sha256 } from "./adapters/common/sha256.ts";
import { createRedisCommitLedger } from "./adapters/redis/commit-ledger.ts";
import { createHttpWebhookSender } from "./adapters/webhook/sender.ts";
import type { StartedCatalogue } from "./compose-catalogue.ts";
import { every } from "./compose-every.ts";
import { startPresence } from "./compose-presence.ts";
import type { StartedQuota } from "./compose-quota.ts";
import type { OrchestratorConfig } from "./config.ts";
import { type BatchRecord, batchState, endpointLabels, payerOf } from "./core/batches/batch.ts";
import { parseCompletionWindow } from "./core/batches/completion-window.ts";
import { type TimedIdPrefix, timedId } from "./core/batches/ids.ts";
import type { WaitingLane } from "./core/lane.ts";
import { shareOfPriority, weightOfTenant } from "./core/scheduling/fair-share.ts";
import type { AttemptTable } from "./flows/attempt-table.ts";
import { ActiveBatches } from "./flows/batches/active-batches.ts";
import { LineAnswerer } from "./flows/batches/answer-line.ts";
import { BatchDesk } from "./flows/batches/batch-desk.ts";
import { BatchStore } from "./flows/batches/batch-store.ts";
import { BlockReader } from "./flows/batches/block-reader.ts";
import { CommitDesk } from "./flows/batches/commit-desk.ts";
import { EndedBatches } from "./flows/batches/ended-batches.ts";
import { FeedGate } from "./flows/batches/feed-gate.ts";
import { FileStore } from "./flows/batches/file-store.ts";
import { finalizeBatch } from "./flows/batches/finalize.ts";
import { ingestBatch } from "./flows/batches/ingest.ts";
import type { ServedNow } from "./flows/batches/ingest-line.ts";
import { BatchKeeper } from "./flows/batches/keeper.ts";
import { KnownModels } from "./flows/batches/known-models.ts";
import { LateResults } from "./flows/batches/late-results.ts";
import { LineCommits } from "./flows/batches/line-commits.ts";
import { LineRunner } from "./flows/batches/line-runner.ts";
import { recordBatchSpan } from "./flows/batches/line-span.ts";
import { LineWaits } from "./flows/batches/line-waits.ts";
import { planBatch } from "./flows/batches/plan-batch.ts";
import { Progress } from "./flows/batches/progress.ts";
import { rebuildLedger } from "./flows/batches/rebuild.ts";
import { ResultCache } from "./flows/batches/result-cache.ts";
import { ticketSecret } from "./flows/batches/ticket-secret.ts";
import { Webhooks } from "./flows/batches/webhooks.ts";
import { countTokens } from "./flows/count-tokens.ts";
import type { FleetRegistry } from "./flows/fleet-registry.ts";
import type { PresenceKeeper } from "./flows/presence-keeper.ts";
import { holdLines, linesOfTenant } from "./flows/quota/batch-lines.ts";
import { StoredBytes } from "./flows/quota/stored-bytes.ts";
import { TenantQuota } from "./flows/quota/tenant-quota.ts";
import type { RequestDesk } from "./flows/request-desk.ts";
import type { ServedModels } from "./flows/served-models.ts";
import { createLineEndpoints } from "./http/batch-lines/line-endpoints.ts";
import type { AuditTrail } from "./ports/audit-trail.ts";
import type { JobQueue, LaneShare } from "./ports/job-queue.ts";
import type { Metrics } from "./ports/metrics.ts";
import type { ObjectStore } from "./ports/object-store.ts";
import type { Tracer } from "./ports/tracer.ts";

export interface StartedBatches {
  /** Takes no more steps and feeds no more lines; what runs goes on. */
  stop(): Promise<void>;
  readonly lines: LineRunner;
  readonly active: ActiveBatches;
  readonly files: FileStore;
  readonly batches: BatchDesk;
  /** Lines that are still to be answered, of the batches that we drive, by model. */
  remaining(): ReadonlyMap<string, number>;
  /** How much of that has no slot, and since when. */
  waiting(): readonly WaitingLane[];
  readonly presence: PresenceKeeper;
}

interface BatchesDeps {
  readonly config: OrchestratorConfig;
  readonly store: ObjectStore;
  readonly models: StartedCatalogue;
  readonly self: string;
  readonly address: string;
  readonly queue: JobQueue;
  readonly fleet: FleetRegistry;
  readonly attempts: AttemptTable;
  readonly served: ServedModels;
  readonly requests: RequestDesk;
  readonly metrics: Metrics;
  readonly tracer: Tracer | undefined;
  readonly quotas: StartedQuota;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
  readonly lifecycle: Lifecycle;
}

const maxLineBytes = 1_048_576;
const planTimeoutMs = 120_000;
/** How often what has expired is looked for. */
const sweepMs = 10 * 60_000;
/** After a start workers need a while to be back: until then a model that nobody knows is not unknown. */
const joinGraceMs = 30_000;
/** How often the models that are served are written down. */
const knownMs = 60_000;

/** Builds what batches are made of, and sets it going. */
export async function startBatches(deps: BatchesDeps): Promise<StartedBatches> {
  const { config, self, address, queue, fleet, attempts, served, metrics, clock, log, background } = deps;
  const { lifecycle, store, models, tracer } = deps;
  const digest = sha256;
  const random = Math.random;
  const startedAtMs = clock.nowMs();
  const presence = await startPresence({
    ...{ self, timeZone: config.timeZone, store, fleet, clock, log, background, lifecycle },
  });
  const ledger = createRedisCommitLedger({ address, prefix: config.redisPrefix, log });
  lifecycle.onStop("ledger", () => ledger.dispose());
  const desk = new CommitDesk({
    ...{ store, ledger, digest, writer: self, clock, log },
    onFenced: (verdict) => metrics.resultFenced(verdict),
  });
  lifecycle.onStop("results", () => desk.close());

  const endpoints = createLineEndpoints();
  const newId = (prefix: TimedIdPrefix) => timedId(prefix, clock.wallMs(), randomBytes(10).toString("hex"));
  const batches = new BatchStore({ store, clock, newId });
  const { claims } = deps.quotas;
  const bytesOf: TenantQuota = new TenantQuota({
    ...{ claims, pool: "stored-bytes", clock, log },
    records: (tenant) => files.bytesOfTenant(tenant),
  });
  const queued = new TenantQuota({
    ...{ claims, pool: "batch-lines", clock, log },
    records: (tenant) => linesOfTenant(batches, tenant),
  });
  const storedBytes = new StoredBytes({ bytes: bytesOf, metrics });
  const files: FileStore = new FileStore({
    ...{ store, clock, newId, storedBytes },
    inUse: () => batches.inputsInUse(),
  });
  const active = new ActiveBatches({ store: batches, log });
  const cache = new ResultCache({ store, digest, clock });
  const samplingOf = (model: string) => models.catalogue.find(model)?.entry.sampling;
  const tickets = createHmacLineTickets(await ticketSecret(store, randomBytes));
  const answerer = new LineAnswerer({
    ...{ endpoints, fleet, attempts, tickets, cache, digest, clock, samplingOf },
  });
  const input = new BlockReader({ store });
  const monthWaits = (record: BatchRecord) => deps.quotas.months.waitsFor(record.payer);
  const lines = new LineRunner({
    waitsFor: monthWaits,
    ...{ active, ledger, answerer, input, fleet, digest, tracer, clock, log },
    commits: new LineCommits({ ledger, desk, digest, clock, log }),
    random,
    hedges: config.hedges,
  });
  // Of a start that fails further on nobody else would stop them, nor what follows below.
  lifecycle.onStop("lines", () => lines.stop());
  const known = new KnownModels({ store, served, digest, clock, log });
  const resolver = models.resolverFor(known);
  const wanted: ServedNow = {
    has: (model) => known.has(model),
    list: () => known.list(),
    canDo: (...asked) => known.canDo(...asked),
    capabilities: (model) => known.capabilities(model),
    resolve: (...asked) => resolver.resolve(...asked),
  };
  const late = new LateResults({
    ...{ store, lines, tickets, audit: deps.audit, digest, clock, log },
    onUnassigned: () => metrics.resultFenced("unassigned"),
  });
  attempts.onStray((end) => background.run("late-result", () => late.take(end)));

  const gate = new FeedGate({ store, ledger, clock, log, reserveBytes: config.storeReserveBytes });
  const progress = new Progress({ clock });
  const sender = createHttpWebhookSender({ hosts: config.webhookHosts, secret: config.webhookSecret });
  const webhooks = new Webhooks({ store, sender, digest, background, clock, log, random });
  const tokenize = (model: string, request: TokenizeRequest, signal: AbortSignal) =>
    countTokens(deps.requests, { requestId: `req-${randomUUID()}`, model, request, signal });
  const limits = { maxLines: config.maxBatchLines, maxLineBytes };
  const shareOf = ({ tenant, options: { priority } }: BatchRecord): LaneShare => {
    const mine = active.all().filter(({ record, isPaused }) => record.tenant === tenant && !isPaused);
    const inUse = new Set(mine.map(({ record }) => record.options.priority));
    const ofKeys = mine.map(({ record }) => deps.quotas.weightOf(record.payer));
    const ofTenant = weightOfTenant(config.tenantWeights.get(tenant), ofKeys);
    const weight = shareOfPriority(ofTenant, priority, inUse);
    return { tenant: `${tenant}/${priority}`, weight };
  };
  const ended = new EndedBatches((state, durationMs) => metrics.batchEnded(state, durationMs));
  const keeper = new BatchKeeper({
    ...{ self, active, batches, ledger, desk, store, queue, gate, progress, clock, log, background },
    slots: (model) => served.slots(model),
    waitsFor: monthWaits,
    shareOf,
    steps: {
      ingest: async ({ record }, signal) => {
        await known.refresh();
        if (known.list().length === 0 && clock.nowMs() - startedAtMs < joinGraceMs)
          throw new MusterError("not_ready", "No worker has joined yet: the batch waits a little for one.");
        const outcome = await ingestBatch(
          { store, endpoints, served: wanted, limits, clock },
          { record, signal },
        );
        const held = await holdLines({ lines: queued, metrics }, record, outcome);
        return { ...held, atMs: clock.wallMs() };
      },
      rebuild: (batchId, count) => rebuildLedger({ store, ledger, digest, log }, { batchId, lines: count }),
      finalize: async (batch) => {
        const event = await finalizeBatch({ store, ledger, files, digest, clock, log }, batch);
        // Before anybody can see that it is over, and comes with the next.
        await queued.release(batch.record.tenant, batch.record.id);
        return event;
      },
      stateChanged: (batch) => {
        ended.changed(batch);
        webhooks.notify(batch.record, batchState(batch.events), clock.wallMs());
      },
      ended: ({ record, events }) => recordBatchSpan({ tracer, digest, clock }, record, events),
    },
  });
  const waits = new LineWaits({
    ...{ active, clock, remaining: () => keeper.remaining(), running: () => lines.modelsRunning() },
  });
  lines.notify({
    lineDone: (batchId, line) => keeper.lineDone(batchId, line),
    giveBack: async (lane, { batchId, gen, round, transientFailures, ...place }, delayMs) => {
      const batch = await active.get(batchId);
      if (batch === undefined) return;
      const ref = { batchId, gen, round, lines: [place], transientFailures: transientFailures ?? 0 };
      // Its cost was paid when it was first put in.
      await queue.putLines(lane, shareOf(batch.record), [{ ref, cost: 0, delayMs }]);
    },
    committed: (record, model, { outcome, usage, isCached, status = outcome === "failed" ? 500 : 200 }) => {
      const { quotas } = deps;
      const asked = { model, tenant: record.tenant };
      metrics.lineAnswered({ ...asked, endpoint: endpointLabels[record.endpoint], status, isCached });
      waits.answered(model);
      const payer = payerOf(record);
      quotas.usage.answered({ ...payer, model }, outcome === "completed" ? "ok" : "failed", usage);
      const tokens = usage.promptTokens + usage.completionTokens;
      background.run("count-tokens", () => quotas.months.took(record.payer, tokens));
      if (!isCached && outcome === "completed") metrics.tokensUsed(asked, usage);
    },
  });
  active.notify((batchId) => lines.batchOver(batchId));
  keeper.start();

  const stopSweeping = every(deps, sweepMs, "sweep-files", async () => {
    await files.sweep(clock.wallMs());
    await batches.sweep(clock.wallMs());
    await cache.sweep(clock.wallMs());
    await webhooks.sweep();
  });
  const stopRefreshing = every(deps, knownMs, "known-models", () => known.refresh());
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopSweeping();
    stopRefreshing();
    webhooks.stop();
    stopping ??= keeper.stop();
    return stopping;
  };
  lifecycle.onStop("steps of batches", stop);
  return {
    stop,
    remaining: () => keeper.remaining(),
    waiting: () => waits.lanes(),
    lines,
    active,
    files,
    presence,
    batches: new BatchDesk({
      ...{ batches, files, ledger, store, digest, progress, gate, monthWaits, clock },
      slots: (model) => served.slots(model),
      expected: (models) => presence.expected(models),
      poke: (batchId) => keeper.poke(batchId),
      windowMs: (text) => parseCompletionWindow(text, config.shortestBatchWindowMs),
      webhookRefusal: (url) => sender.refusal(url),
      stateChanged: (record, what) => webhooks.notify(record, what, clock.wallMs()),
      plan: (tenant, asked) =>
        planBatch(
          {
            ...{ store, files, endpoints, limits, clock, fleet, tokenize },
            served: { ...wanted, slots: (model) => served.slots(model) },
            expected: (models) => presence.expected(models),
          },
          { ...asked, tenant, signal: AbortSignal.timeout(planTimeoutMs) },
        ),
    }),
  };
}
