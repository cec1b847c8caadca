/** `2026-11-29`, in UTC. */
export function utcDay(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10);
}

/** `2026-11`, in UTC. */
export function utcMonth(wallMs: number): string {
  return utcDay(wallMs).slice(0, 7);
}

/** When the month after begins, in UTC. */
export function nextMonthMs(wallMs: number): number {
  const now = new Date(wallMs);
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
}
