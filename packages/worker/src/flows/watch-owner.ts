import { type Availability, type Clock, type Log, MusterError, pause } from "@muster/base";
import {
  decideLending,
  type GpuReading,
  type LendingRule,
  noPolicyMemory,
  type PolicyMemory,
} from "../core/idle-policy.ts";
import type { LocalTime } from "../core/schedule.ts";
import type { OwnerPresence, PresenceReadings } from "../ports/owner-presence.ts";
import type { Pause } from "../ports/pause-store.ts";
import type { GiveWay } from "./give-way.ts";
import type { PausedBy, Pauses } from "./pauses.ts";

export interface OwnerWatchDeps {
  readonly rule: LendingRule;
  readonly presence: OwnerPresence;
  readonly readGpu: () => GpuReading;
  readonly isMemoryNeeded: () => boolean;
  readonly pauses: Pauses;
  readonly giveWay: GiveWay;
  /** A moment of Unix time on the wall here, and in words. */
  readonly localTime: (wallMs: number) => LocalTime;
  readonly timeText: (wallMs: number) => string;
  readonly say: (availability: Availability) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often is looked while we lend: an owner who comes back must not wait. Otherwise there is less hurry. */
const lendingPollMs = 1_000;
const awayPollMs = 2_000;
/** More than the slowest helper takes to start. */
const longestLookMs = 20_000;

const notSeen: PresenceReadings = {
  idleMs: { kind: "unknown", why: "nobody has looked yet." },
  isFullScreen: { kind: "unknown", why: "nobody has looked yet." },
  isOnAcPower: { kind: "unknown", why: "nobody has looked yet." },
};

/** A look that fails or hangs counts as one that sees nothing: who does not look any more would lend for ever. */
function unseen(reason: string): PresenceReadings {
  const unknown = { kind: "unknown", why: `looking failed (${reason}).` } as const;
  return { idleMs: unknown, isFullScreen: unknown, isOnAcPower: unknown };
}

/** Owns whether this machine is lent: looks, decides, says so, and has the machine given back. Needs no link. */
export class OwnerWatch {
  readonly #deps: OwnerWatchDeps;
  #seen = notSeen;
  #gpu: GpuReading = { isUsedByOthers: "unknown" };
  #memory: PolicyMemory = noPolicyMemory;
  #availability: Availability;
  #sinceMs: number;
  #warnedOf: string | undefined;
  #isStopped = false;
  #stopTimer: () => void = () => {};

  constructor(deps: OwnerWatchDeps) {
    this.#deps = deps;
    this.#availability = {
      state: "unknown",
      reason: "It has yet to look who is there.",
      policy: deps.rule.policy,
    };
    this.#sinceMs = deps.clock.wallMs();
  }

  get availability(): Availability {
    return this.#availability;
  }

  /** Since when, in Unix time. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  pauseBy(by: PausedBy): Pause | undefined {
    return this.#deps.pauses.of(by);
  }

  get seen(): PresenceReadings {
    return this.#seen;
  }

  get gpu(): GpuReading {
    return this.#gpu;
  }

  /** Looks once, so that it is known from the start, and then again and again until `stop`. */
  async start(): Promise<void> {
    this.#deps.giveWay.toOwner(this.#availability.reason);
    await this.#deps.pauses.read();
    await this.#look();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopTimer();
    await this.#deps.presence.close();
  }

  /** The owner wants the machine back, or an administrator has it stand by: for a while or until `resume`. */
  async pause(by: PausedBy, forMs: number | undefined): Promise<void> {
    const isKept = this.#deps.pauses.begin(by, forMs);
    this.#decide();
    await isKept;
  }

  /** An administrator ends its own pause; the owner, who comes first, ends both. */
  async resume(by: PausedBy): Promise<void> {
    const { pauses } = this.#deps;
    const ends = by === "owner" ? (["owner", "administrator"] as const) : ([by] as const);
    const areKept = Promise.all(ends.map((each) => pauses.end(each)));
    this.#decide();
    await areKept;
  }

  async #look(): Promise<void> {
    const { rule, clock } = this.#deps;
    // Other policies do not ask who is there.
    if (rule.policy === "owner-away") this.#seen = await this.#lookAtOwner();
    if (this.#isStopped) return;
    this.#decide();
    const pollMs = this.#memory.isLending ? lendingPollMs : awayPollMs;
    this.#stopTimer = clock.after(pollMs, () => void this.#look());
  }

  async #lookAtOwner(): Promise<PresenceReadings> {
    const { presence, clock } = this.#deps;
    const waited = new AbortController();
    const tooLate = pause(clock, longestLookMs, waited.signal).then(() => unseen("it takes too long"));
    try {
      return await Promise.race([presence.look(), tooLate]);
    } catch (error) {
      return unseen(MusterError.from(error).message);
    } finally {
      waited.abort();
    }
  }

  #decide(): void {
    const { rule, readGpu, isMemoryNeeded, localTime, clock } = this.#deps;
    this.#gpu = this.#seen.gpu ?? (rule.policy === "owner-away" ? readGpu() : { isUsedByOthers: false });
    const { state, reason, memory } = decideLending({
      rule,
      readings: {
        owner: this.#seen,
        gpu: this.#gpu,
        at: localTime(clock.wallMs()),
        isMemoryNeeded: isMemoryNeeded(),
        pause: this.#pauseText("owner"),
        administratorPause: this.#pauseText("administrator"),
      },
      nowMs: clock.nowMs(),
      before: this.#memory,
    });
    this.#memory = memory;
    this.#become({ state, reason, policy: rule.policy });
  }

  #pauseText(by: PausedBy): { readonly until: string | undefined } | undefined {
    const { pauses, timeText } = this.#deps;
    const pause = pauses.of(by);
    return pause && { until: pause.untilMs === undefined ? undefined : timeText(pause.untilMs) };
  }

  #become(next: Availability): void {
    const { giveWay, say, log, clock } = this.#deps;
    const before = this.#availability;
    if (before.state === next.state && before.reason === next.reason) return;
    this.#availability = next;
    if (before.state !== next.state) this.#sinceMs = clock.wallMs();
    if (next.state === "unknown" && this.#warnedOf !== next.reason) {
      this.#warnedOf = next.reason;
      log.warn({ reason: next.reason }, "not lent: what is unknown counts as an owner who is there");
    } else if (before.state !== next.state) log.info({ ...next }, "lending changed");
    // First of all: nothing more may be sent to a machine that is given back.
    say(next);
    if (next.state === "lending") giveWay.isOver();
    else giveWay.toOwner(next.reason);
  }
}
