/** What macOS says of its owner. */

export const ioregArguments = ["-c", "IOHIDSystem", "-r", "-d", "1", "-k", "HIDIdleTime"] as const;
export const assertionArguments = ["-g", "assertions"] as const;
export const batteryArguments = ["-g", "batt"] as const;

/** `"HIDIdleTime" = 4832916` in nanoseconds, of `ioreg`. Several displays' services may tell: the shortest counts. */
export function parseIoregIdle(text: string): number | undefined {
  const found = [...text.matchAll(/"HIDIdleTime"\s*=\s*(\d{1,20})\b/g)].map(
    ([, digits]) => Number(digits) / 1e6,
  );
  return found.length === 0 ? undefined : Math.min(...found);
}

/**
 * Whether a program keeps the display awake, of `pmset -g assertions`: films, presentations and most games do. Which
 * windows fill the screen macOS tells only to programs that may record it.
 */
export function parseAssertions(text: string): boolean | undefined {
  const counts = ["PreventUserIdleDisplaySleep", "NoDisplaySleepAssertion"].flatMap((name) => {
    const count = new RegExp(`^\\s+${name}\\s+(\\d+)\\s*$`, "m").exec(text)?.[1];
    return count === undefined ? [] : Number(count);
  });
  return counts.length === 0 ? undefined : counts.some((count) => count > 0);
}
