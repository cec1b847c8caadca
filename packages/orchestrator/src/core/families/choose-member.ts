import type { Capability } from "@muster/base";
import { canDo } from "../scheduling/choose-replica.ts";

/** Whether the fleet could load a model that it does not serve now. */
export type Loadable =
  | { readonly kind: "yes"; readonly loadMs: number }
  /** `reason` is a clause for people: "no GPU has 18 GiB free". */
  | {
      readonly kind: "no";
      readonly reason: string;
      /** A worker that is away or busy now could: later it may be another matter. */
      readonly isForNow?: boolean | undefined;
    };

/** A model of a family, with what the fleet says of it now. */
export interface FamilyMember {
  readonly model: string;
  readonly capabilities: ReadonlySet<Capability>;
  /** What a slot of it holds: where it is served, that of its replicas. */
  readonly contextTokens: number;
  /** A replica takes work now. */
  readonly isServed: boolean;
  /** Looked at where it is not served. */
  readonly loadable: Loadable;
  /** What this request should take on it, once it has a slot; undefined: nobody knows, and it is not held against it. */
  readonly expectedMs: number | undefined;
}

export interface MemberWish {
  readonly needs: ReadonlySet<Capability>;
  /** Prompt and answer together; undefined: not known. */
  readonly contextTokens: number | undefined;
  readonly deadlineMs: number | undefined;
}

export interface PassedOver {
  readonly model: string;
  /** A clause for people. */
  readonly reason: string;
}

export type MemberChoice<M extends FamilyMember> =
  | { readonly kind: "member"; readonly member: M; readonly passedOver: readonly PassedOver[] }
  | { readonly kind: "none"; readonly passedOver: readonly PassedOver[] };

/**
 * The best member that answers in time. With a deadline that is the best one that is served and fast enough, or that can
 * be loaded and answer before the deadline. Without one it is the best that is served; where none is, the best that
 * could be loaded.
 * @param members the best first
 */
export function chooseMember<M extends FamilyMember>(
  members: readonly M[],
  wish: MemberWish,
): MemberChoice<M> {
  const passedOver: PassedOver[] = [];
  const able: M[] = [];
  for (const member of members) {
    const reason = inability(member, wish);
    if (reason === undefined) able.push(member);
    else passedOver.push({ model: member.model, reason });
  }
  const isUnhurried = wish.deadlineMs === undefined;
  const servesOne = able.some(({ isServed }) => isServed);
  for (const member of able) {
    const reason = isUnhurried && servesOne ? unserved(member) : delay(member, wish.deadlineMs);
    if (reason === undefined) return { kind: "member", member, passedOver };
    passedOver.push({ model: member.model, reason });
  }
  return { kind: "none", passedOver };
}

/** Why it cannot take such a request, however long it may take. */
function inability(member: FamilyMember, { needs, contextTokens = 0 }: MemberWish): string | undefined {
  if (!canDo(member, needs)) {
    const missing = [...needs].filter((need) => !member.capabilities.has(need));
    return `it cannot do ${missing.join(", ")}`;
  }
  if (contextTokens > member.contextTokens)
    return `its context of ${member.contextTokens} tokens is too short for about ${contextTokens}`;
  return undefined;
}

function unserved({ isServed }: FamilyMember): string | undefined {
  return isServed ? undefined : "it is not loaded";
}

function delay(member: FamilyMember, deadlineMs: number | undefined): string | undefined {
  const { isServed, loadable, expectedMs = 0 } = member;
  if (!isServed && loadable.kind === "no") return loadable.reason;
  if (deadlineMs === undefined) return undefined;
  const loadMs = isServed || loadable.kind === "no" ? 0 : loadable.loadMs;
  if (loadMs + expectedMs <= deadlineMs) return undefined;
  return loadMs > 0
    ? `loading it and answering would take about ${seconds(loadMs + expectedMs)}`
    : `its answer would take about ${seconds(expectedMs)}`;
}

function seconds(ms: number): string {
  return Number.isFinite(ms) ? `${Math.max(0.1, Math.round(ms / 100) / 10)} s` : "an unknown time";
}
