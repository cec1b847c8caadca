/** OpenAI's times: whole seconds; null where there is none. */
export function secondsOf(ms: number): number;
export function secondsOf(ms: number | undefined): number | null;
export function secondsOf(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.floor(ms / 1000);
}
