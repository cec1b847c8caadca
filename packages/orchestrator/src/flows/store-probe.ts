import { type Clock, MusterError } from "@muster/base";
import type { ObjectStore } from "../ports/object-store.ts";

/** A store that has not answered by then is away. */
const longestMs = 10_000;
/** Never written: whether it is there is all that is asked. */
const probeKey = "health/probe.json";

/** Why the object store does not answer, in words; undefined: it does. */
export async function storeProblem(
  store: Pick<ObjectStore, "head" | "freeBytes">,
  clock: Clock,
): Promise<string | undefined> {
  let stop = () => {};
  const tooLong = new Promise<never>((_resolve, reject) => {
    stop = clock.after(longestMs, () =>
      reject(new MusterError("store_unavailable", `it said nothing for ${longestMs / 1_000} s`)),
    );
  });
  try {
    const asked = Promise.all([store.freeBytes(), store.head(probeKey)]);
    await Promise.race([asked, tooLong]);
    return undefined;
  } catch (error) {
    return MusterError.from(error).message;
  } finally {
    stop();
  }
}
