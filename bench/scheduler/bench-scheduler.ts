import { benchPlace } from "./place.ts";
import { benchRoute } from "./route.ts";

/** What it costs to decide, without processes or networks around it. */
export async function benchScheduler(print: (row: string[]) => void): Promise<void> {
  await benchRoute(print);
  benchPlace(print);
}
