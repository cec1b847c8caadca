/**
 * Start-time fair queueing (Goyal, Vin, Cheng, 1996): a tenant's lines are tagged with its own virtual time, which runs
 * on by cost / weight, and never begins before the lane's; the lowest tag is served first. The lane's virtual time is
 * the tag of the line that is next, or the highest ever given where none waits.
 */
export interface ShareState {
  /** The highest tag that was given. */
  readonly latest: number;
  /** Where each tenant's next line begins. */
  readonly next: Readonly<Record<string, number>>;
}

export const freshShares: ShareState = { latest: 0, next: {} };

/** The tags for lines of one tenant. `head`: the tag of the line that is next, undefined where none waits. */
export function tagLines(
  state: ShareState,
  head: number | undefined,
  lines: { readonly tenant: string; readonly weight: number; readonly costs: readonly number[] },
): { readonly tags: readonly number[]; readonly state: ShareState } {
  let at = Math.max(head ?? state.latest, state.next[lines.tenant] ?? 0);
  const tags = lines.costs.map((cost) => {
    const tag = at;
    at += cost / lines.weight;
    return tag;
  });
  const latest = Math.max(state.latest, tags.at(-1) ?? 0);
  return { tags, state: { latest, next: { ...state.next, [lines.tenant]: at } } };
}

/** What the configuration says of a tenant; else the largest weight that the keys of its batches have; else 1. */
export function weightOfTenant(
  configured: number | undefined,
  ofKeys: readonly (number | undefined)[],
): number {
  const given = ofKeys.filter((weight) => weight !== undefined);
  return configured ?? (given.length === 0 ? 1 : Math.max(...given));
}

export type SharePriority = "low" | "normal" | "high";

const priorityWeights: Readonly<Record<SharePriority, number>> = { low: 0.25, normal: 1, high: 4 };

/**
 * A tenant's weight, divided among the priorities that it uses now: what it has at stake does not grow with them, so
 * that nobody gains on others by calling everything urgent.
 */
export function shareOfPriority(
  tenantWeight: number,
  priority: SharePriority,
  inUse: ReadonlySet<SharePriority>,
): number {
  const sum = [...new Set([...inUse, priority])].reduce((total, each) => total + priorityWeights[each], 0);
  return (tenantWeight * priorityWeights[priority]) / sum;
}
