import type { Background, Clock, Log } from "@muster/base";
import { type ExpectedHour, expectedHours } from "../core/fleet/expected-slots.ts";
import { hoursSeen, learn, likelihoods, nothingSeen, stayingFor } from "../core/fleet/presence.ts";
import { hoursIn, type WeekClock } from "../core/fleet/week-clock.ts";
import type { WorkerView } from "../core/fleet/worker.ts";
import type { PresenceRecord } from "./presence-record.ts";
import type { PresenceStore } from "./presence-store.ts";

interface PresenceKeeperDeps {
  readonly self: string;
  readonly workers: () => readonly WorkerView[];
  readonly store: PresenceStore;
  readonly week: WeekClock;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
  readonly random: () => number;
}

const minuteMs = 60_000;
/** Looks that lie further apart say nothing of the time between them: this process was asleep. */
const longestLookMs = 3 * minuteMs;
const savedEveryLooks = 10;
/** Nobody learns of a worker whose record is older: whoever did is gone. */
const leftAloneMs = 30 * minuteMs;
const forgottenMs = 90 * 24 * 60 * minuteMs;
const maxWorkers = 4_096;
const dayMs = 24 * 60 * minuteMs;

/** What is known of one worker. Its record is ours to write where it was connected here last. */
interface Known {
  record: PresenceRecord;
  isOurs: boolean;
}

/** Learns when workers are lent, for each hour of the week, and says what may be expected of them. */
export class PresenceKeeper {
  readonly #deps: PresenceKeeperDeps;
  readonly #known = new Map<string, Known>();
  #lookedAtMs: number;
  #looks: number;
  #stopTimer: () => void = () => {};

  constructor(deps: PresenceKeeperDeps) {
    this.#deps = deps;
    this.#lookedAtMs = deps.clock.wallMs();
    // Each orchestrator has its own minute: two that wrote at the same moment would not see each other.
    this.#looks = Math.floor(deps.random() * savedEveryLooks);
  }

  /** Reads what is known; a store that is away is read later. */
  async start(): Promise<void> {
    await this.#refresh();
    this.#schedule();
  }

  /** Keeps what was learnt. The fleet has been sent away by then: that its workers are gone means nothing. */
  async stop(): Promise<void> {
    this.#stopTimer();
    await this.#save();
  }

  /** Takes note of how all workers are now. */
  look(): void {
    const nowMs = this.#deps.clock.wallMs();
    const isAwake = nowMs - this.#lookedAtMs <= longestLookMs;
    const sinceMs = this.#lookedAtMs;
    this.#lookedAtMs = nowMs;
    const here = new Map(this.#deps.workers().map((view) => [view.id, view]));
    for (const view of here.values()) if (view.state !== "lost") this.#meet(view, nowMs);
    for (const [workerId, known] of this.#known) {
      if (!known.isOurs) continue;
      const view = here.get(workerId);
      const isHere = view !== undefined && view.state !== "lost";
      const isLent = isHere && isLending(view);
      const { record } = known;
      const fromMs = isAwake ? sinceMs : nowMs;
      known.record = {
        ...record,
        isLent,
        seenAtMs: isHere ? nowMs : record.seenAtMs,
        slots: (isLent && slotsOf(view)) || record.slots,
        presence: learn(record.presence, { fromMs, untilMs: nowMs, isLent }, this.#deps.week),
      };
    }
  }

  /** What is expected of the workers for these models in the coming week, by what they have now. */
  expected(models: readonly string[]): readonly ExpectedHour[] {
    const workers = [...this.#known.values()].flatMap(({ record: { presence, isLent, slots } }) => {
      const sum = models.reduce((total, model) => total + (slots.get(model) ?? 0), 0);
      return sum === 0 ? [] : [{ presence, isLent, slots: sum }];
    });
    return expectedHours(workers, this.#deps.clock.wallMs(), this.#deps.week);
  }

  /** How likely a worker that is lent now stays so for some time; 1 where nothing is known. */
  stayingFor(workerId: string, forMs: number): number {
    const known = this.#known.get(workerId);
    const { clock, week } = this.#deps;
    return known === undefined
      ? 1
      : stayingFor(known.record.presence, { fromMs: clock.wallMs(), forMs }, week);
  }

  /** The coming day of one worker, hour by hour. Undefined for one that nobody knows. */
  comingDay(workerId: string): ComingDay | undefined {
    const nowMs = this.#deps.clock.wallMs();
    const record = this.#known.get(workerId)?.record ?? this.#unlearnt(workerId, nowMs);
    if (record === undefined) return undefined;
    const at = likelihoods(record.presence, record.isLent);
    const hours = [...hoursIn(nowMs, nowMs + dayMs, this.#deps.week)];
    return {
      hoursSeen: hoursSeen(record.presence),
      hours: hours.map(({ fromMs, hour }) => ({ fromMs, likelihood: at(hour) })),
    };
  }

  /** Of a worker that has just come. */
  #unlearnt(workerId: string, nowMs: number): PresenceRecord | undefined {
    const view = this.#deps.workers().find(({ id }) => id === workerId);
    return view === undefined ? undefined : this.#newRecord(view, nowMs);
  }

  #newRecord(view: WorkerView, nowMs: number): PresenceRecord {
    return {
      ...{ workerId: view.id, writer: this.#deps.self, seenAtMs: nowMs, isLent: isLending(view) },
      ...{ slots: new Map(), presence: nothingSeen(nowMs) },
    };
  }

  /** A worker that is connected here is ours to learn of, whoever did so before. */
  #meet(view: WorkerView, nowMs: number): void {
    const known = this.#known.get(view.id);
    if (known !== undefined) known.isOurs = true;
    else if (this.#known.size < maxWorkers) {
      this.#known.set(view.id, { record: this.#newRecord(view, nowMs), isOurs: true });
    }
  }

  #schedule(): void {
    this.#stopTimer = this.#deps.clock.after(minuteMs, () => {
      this.look();
      this.#looks += 1;
      if (this.#looks % savedEveryLooks === 0) {
        this.#deps.background.run("presence", async () => {
          await this.#save();
          await this.#refresh();
        });
      }
      this.#schedule();
    });
  }

  async #save(): Promise<void> {
    const { store, self, log } = this.#deps;
    try {
      for (const known of this.#known.values()) {
        if (!known.isOurs) continue;
        if (await this.#isAnothersNow(known)) continue;
        await store.write({ ...known.record, writer: self });
      }
    } catch (error) {
      // What was learnt is in memory, and is written the next time.
      log.debug({ error: String(error) }, "presence not saved");
    }
  }

  /** A worker that has left us may be with another orchestrator, which has seen it later. */
  async #isAnothersNow(known: Known): Promise<boolean> {
    const { store, self, clock } = this.#deps;
    const isHere = clock.wallMs() - known.record.seenAtMs <= minuteMs;
    if (isHere) return false;
    const stored = await store.read(known.record.workerId);
    if (stored === undefined || stored.writer === self || stored.seenAtMs <= known.record.seenAtMs)
      return false;
    known.record = stored;
    known.isOurs = false;
    return true;
  }

  /** Takes over what others have learnt, and workers that nobody learns of any more. */
  async #refresh(): Promise<void> {
    const { store, clock, log } = this.#deps;
    try {
      for await (const record of store.all()) {
        const nowMs = clock.wallMs();
        if (nowMs - record.seenAtMs > forgottenMs) {
          this.#known.delete(record.workerId);
          await store.remove(record.workerId);
          continue;
        }
        const known = this.#known.get(record.workerId);
        if (known?.isOurs || (known === undefined && this.#known.size >= maxWorkers)) continue;
        const isLeftAlone = nowMs - record.presence.atMs > leftAloneMs;
        this.#known.set(record.workerId, {
          record: isLeftAlone ? { ...record, isLent: false } : record,
          isOurs: isLeftAlone,
        });
      }
    } catch (error) {
      log.debug({ error: String(error) }, "presence not read");
    }
  }
}

export interface ComingDay {
  /** Evidence, in hours; what is old counts less. */
  readonly hoursSeen: number;
  readonly hours: readonly { readonly fromMs: number; readonly likelihood: number }[];
}

function isLending({ state, availability }: WorkerView): boolean {
  return availability.state === "lending" && (state === "ready" || state === "joining");
}

/** Undefined where it has none: it may be loading. */
function slotsOf({ replicas }: WorkerView): ReadonlyMap<string, number> | undefined {
  const slots = new Map<string, number>();
  for (const { model, state, slots: count, heldBack } of replicas)
    if (state === "ready" && heldBack === undefined) slots.set(model, (slots.get(model) ?? 0) + count);
  return slots.size === 0 ? undefined : slots;
}
