import type { Clock, Log } from "@muster/base";
import type { Finding } from "../core/findings/finding.ts";
import type { Steps } from "../core/live/history-steps.ts";
import type { FileStore } from "../flows/batches/file-store.ts";
import type { Canary } from "../flows/canary.ts";
import type { ModelCatalogue } from "../flows/catalogue/model-catalogue.ts";
import type { ModelResolver } from "../flows/catalogue/model-resolver.ts";
import type { EnergyBook } from "../flows/energy-book.ts";
import type { FleetRegistry } from "../flows/fleet-registry.ts";
import type { LiveFeed } from "../flows/live/live-feed.ts";
import type { HistorySpan } from "../flows/live/read-history.ts";
import type { LogShelf } from "../flows/log-shelf.ts";
import type { MirrorDesk } from "../flows/mirror-desk.ts";
import type { ModelPlacer } from "../flows/placement/place-models.ts";
import type { PresenceKeeper } from "../flows/presence-keeper.ts";
import type { QuotaDesk } from "../flows/quota/quota-desk.ts";
import type { RequestDesk } from "../flows/request-desk.ts";
import type { ServedModels } from "../flows/served-models.ts";
import type { AuditDesk } from "../flows/trust/audit-desk.ts";
import type { DashboardSessions } from "../flows/trust/dashboard-sessions.ts";
import type { KeyDesk } from "../flows/trust/key-desk.ts";
import type { KeyRing } from "../flows/trust/key-ring.ts";
import type { SignInLimit } from "../flows/trust/sign-in-limit.ts";
import type { TrustDesk } from "../flows/trust/trust-desk.ts";
import type { UsageBook } from "../flows/usage/usage-book.ts";
import type { AuditTrail } from "../ports/audit-trail.ts";
import type { Batches } from "../ports/batches.ts";
import type { DashboardSite } from "../ports/dashboard-site.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Tracer } from "../ports/tracer.ts";
import type { Refusals } from "./refusals.ts";

/** Files, and the batches that are made of them. */
export interface BatchingDeps {
  readonly files: FileStore;
  readonly desk: Batches;
  readonly limits: { readonly maxFileBytes: number };
}

/** The office mirror; without a desk it is off. */
export interface MirrorRouteDeps {
  readonly desk: MirrorDesk | undefined;
  readonly maxFileBytes: number;
}

/** What is so now, what was, and what somebody should look at. */
export interface LiveRouteDeps {
  readonly feed: LiveFeed;
  /** Those of everybody and of one tenant; undefined: all. */
  readonly findings: (tenant: string | undefined) => readonly Finding[];
  readonly history: (span: HistorySpan) => Promise<Steps>;
}

/** What the routes are given by the composition. */
export interface HttpDeps {
  readonly desk: RequestDesk;
  readonly fleet: FleetRegistry;
  readonly energy: EnergyBook;
  /** Of a kilowatt-hour, in any currency; undefined: costs are not told. */
  readonly pricePerKwh: number | undefined;
  readonly served: ServedModels;
  readonly canary: Pick<Canary, "check">;
  readonly presence: Pick<PresenceKeeper, "comingDay">;
  readonly models: { readonly catalogue: ModelCatalogue; readonly resolver: ModelResolver };
  readonly batches: BatchingDeps;
  readonly mirror: MirrorRouteDeps;
  readonly live: LiveRouteDeps;
  readonly quota: Pick<QuotaDesk, "admit">;
  readonly usage: Pick<UsageBook, "answered" | "rows">;
  /** Undefined: the fleet port is on loopback, and nobody needs an invitation. */
  readonly trust: TrustDesk | undefined;
  readonly metrics: Metrics;
  /** Undefined: traces are off. */
  readonly tracer: Tracer | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly logs: Pick<LogShelf, "list" | "follow">;
  readonly keyRing: Pick<KeyRing, "isOpen" | "whoHas" | "uses" | "nameOf">;
  readonly keys: KeyDesk;
  readonly audit: AuditTrail;
  readonly auditDesk: AuditDesk;
  readonly refusals: Refusals;
  readonly sessions: Pick<DashboardSessions, "signIn" | "signOut" | "whoIs" | "stillIs">;
  readonly signInLimit: SignInLimit;
  readonly site: DashboardSite;
  readonly bodyLimitBytes: number;
  readonly queueTimeoutMs: number;
  /** Monotonic. */
  readonly startedAtMs: number;
  readonly startedWallMs: number;
  /** A unique id with this prefix: `chatcmpl-...`. */
  readonly newId: (prefix: string) => string;
  readonly randomSeed: () => number;
  /** 32 hexadecimal digits. */
  readonly newTraceId: () => string;
  readonly scrape: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly placement: Pick<ModelPlacer, "report" | "poke">;
  /** What is being done to get a model ready that nobody serves; undefined: nothing. */
  readonly comingUp: (model: string) => string | undefined;
  /** Why this orchestrator should get no traffic now, or undefined. */
  readonly unreadyBecause: () => string | undefined;
}
