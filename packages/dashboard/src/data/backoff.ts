const firstMs = 500;
const mostMs = 15_000;

/** How long to wait before the next try: twice as long each time, not all browsers at once. `chance` is 0 to 1. */
export function backoffMs(failures: number, chance: number): number {
  const whole = Math.min(mostMs, firstMs * 2 ** Math.max(0, failures - 1));
  return Math.round(whole * (0.5 + chance / 2));
}
