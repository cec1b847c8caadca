import type { Background, Clock, Log } from "@muster/base";
import {
  type HeldMemory,
  hasRoomAgain,
  type Memory,
  type OfferedMemory,
  replicasToUnload,
  spareFor,
} from "../core/memory-pressure.ts";
import type { GiveWay } from "./give-way.ts";
import type { ReplicaSet } from "./replica-set.ts";

const pollMs = 1_000;
/** A shortage that one look sees and the next does not was a program that came and went. */
const looksNeeded = 2;
/** Memory must have been free for so long before it is taken again. */
const calmMs = 30_000;

/** Gives memory up when other programs want it, and takes it again when they are done. */
export class MemoryWatch {
  readonly #deps: {
    readonly replicas: ReplicaSet;
    readonly giveWay: GiveWay;
    readonly readOffered: () => OfferedMemory;
    readonly background: Background;
    readonly clock: Clock;
    readonly log: Log;
  };
  /** What the owner has chosen and had to go, with what it held. */
  readonly #gone = new Map<string, Memory>();
  /** Of what the owner has chosen: what was left beside it when it was loaded first. */
  readonly #spare = new Map<string, Memory>();
  readonly #leaving = new Set<string>();
  #shortLooks = 0;
  #roomSinceMs: number | undefined;
  #stopTimer: () => void = () => {};

  constructor(deps: {
    readonly replicas: ReplicaSet;
    readonly giveWay: GiveWay;
    readonly readOffered: () => OfferedMemory;
    readonly background: Background;
    readonly clock: Clock;
    readonly log: Log;
  }) {
    this.#deps = deps;
  }

  /** Whether all that the owner has chosen had to go, and nothing else is left. */
  get isMemoryNeeded(): boolean {
    const keepers = this.#deps.replicas.keepers();
    return this.#gone.size > 0 && keepers.every(({ spec }) => this.#gone.has(spec.replicaId));
  }

  start(): void {
    this.#stopTimer = this.#deps.clock.after(pollMs, () => {
      this.#look();
      this.start();
    });
  }

  stop(): void {
    this.#stopTimer();
  }

  #look(): void {
    const offered = this.#deps.readOffered();
    const held = this.#held();
    const toGo = replicasToUnload(held, offered, this.#noteSpare(held, offered));
    this.#shortLooks = toGo.length === 0 ? 0 : this.#shortLooks + 1;
    if (this.#shortLooks >= looksNeeded) {
      this.#shortLooks = 0;
      for (const replicaId of toGo) this.#unload(replicaId, held);
    }
    this.#bringBack(held, offered);
  }

  /** An owner who names a model wants it, though it takes what would be kept free: only what comes later counts. */
  #noteSpare(held: readonly HeldMemory[], offered: OfferedMemory): Memory {
    const { log } = this.#deps;
    const chosen = held.filter(({ isFixed }) => isFixed);
    for (const { replicaId } of chosen) {
      if (this.#spare.has(replicaId)) continue;
      const spare = spareFor(held, offered);
      this.#spare.set(replicaId, spare);
      if (Math.min(spare.vramBytes, spare.ramBytes) < 0)
        log.warn({ replicaId, ...spare }, "a model that was named takes memory that would be kept free");
    }
    const noted = chosen.flatMap(({ replicaId }) => this.#spare.get(replicaId) ?? []);
    return {
      vramBytes: Math.min(0, ...noted.map(({ vramBytes }) => vramBytes)),
      ramBytes: Math.min(0, ...noted.map(({ ramBytes }) => ramBytes)),
    };
  }

  /** What is loaded, and stays as far as is known. */
  #held(): readonly HeldMemory[] {
    return this.#deps.replicas
      .keepers()
      .filter(({ lastReport, isSuspended }) => lastReport.state === "ready" && !isSuspended)
      .map(({ spec, lastReport, lastUsedMs }) => {
        const { vramBytes, ramBytes } = lastReport;
        return { replicaId: spec.replicaId, vramBytes, ramBytes, isFixed: spec.isFixed, lastUsedMs };
      })
      .filter(({ replicaId }) => !this.#leaving.has(replicaId));
  }

  #unload(replicaId: string, held: readonly HeldMemory[]): void {
    const { giveWay, background, log } = this.#deps;
    const replica = held.find((each) => each.replicaId === replicaId);
    if (replica === undefined) return;
    const { vramBytes, ramBytes, isFixed } = replica;
    log.info({ replicaId, vramBytes, ramBytes }, "unloading a replica: other programs need the memory");
    if (isFixed) this.#gone.set(replicaId, { vramBytes, ramBytes });
    this.#leaving.add(replicaId);
    this.#roomSinceMs = undefined;
    background.run("unload for others", async () => {
      try {
        await giveWay.toOthers(replicaId);
      } finally {
        this.#leaving.delete(replicaId);
      }
    });
  }

  /** One at a time: what is free is measured again before the next. What was placed meanwhile goes for it. */
  #bringBack(held: readonly HeldMemory[], offered: OfferedMemory): void {
    const { replicas, clock } = this.#deps;
    const [next] = this.#gone;
    const nowMs = clock.nowMs();
    const isChanging =
      this.#leaving.size > 0 ||
      replicas.reports().some(({ state }) => state === "fetching" || state === "loading");
    const chosen = held.filter(({ isFixed }) => isFixed);
    const spare = this.#spare.get(next?.[0] ?? "") ?? next?.[1];
    const hasRoom =
      next !== undefined && spare !== undefined && hasRoomAgain(next[1], { held: chosen, offered, spare });
    if (next === undefined || isChanging || !hasRoom) {
      this.#roomSinceMs = undefined;
      return;
    }
    this.#roomSinceMs ??= nowMs;
    if (nowMs - this.#roomSinceMs < calmMs) return;
    this.#roomSinceMs = undefined;
    this.#gone.delete(next[0]);
    replicas.bringBack(next[0], "memory");
  }
}
