import { type Presence, presenceFromJson, presenceToJson } from "../core/fleet/presence.ts";

/** What one orchestrator has learnt of one worker, as it is kept in the object store. */
export interface PresenceRecord {
  readonly workerId: string;
  /** The orchestrator that wrote it. */
  readonly writer: string;
  /** When the worker was last connected to one. */
  readonly seenAtMs: number;
  readonly isLent: boolean;
  /** Slots that it had for each model when it was last lent. */
  readonly slots: ReadonlyMap<string, number>;
  readonly presence: Presence;
}

const maxModels = 16;

export function recordToJson({ presence, slots, ...record }: PresenceRecord): object {
  return {
    ...record,
    slots: Object.fromEntries([...slots].slice(0, maxModels)),
    ...presenceToJson(presence),
  };
}

/** Undefined for what is no record: it is learnt anew then. */
export function recordFromJson(value: object): PresenceRecord | undefined {
  const { workerId, writer, seenAtMs, isLent, slots } = value as Partial<
    Record<keyof PresenceRecord, unknown>
  >;
  const presence = presenceFromJson(value);
  if (presence === undefined || typeof workerId !== "string" || typeof writer !== "string") return undefined;
  if (typeof seenAtMs !== "number" || typeof slots !== "object" || slots === null) return undefined;
  const known = Object.entries(slots)
    .filter(([, count]) => Number.isInteger(count) && count > 0)
    .slice(0, maxModels);
  return { workerId, writer, seenAtMs, isLent: isLent === true, slots: new Map(known), presence };
}
