import { type Clock, type Log, MusterError } from "@muster/base";
import type { LocatedFile, ModelOrigin, WantedFile } from "../ports/model-origin.ts";

export type FetchPolicy = "mirror-first" | "mirror-only" | "direct";
export const fetchPolicies = [
  "mirror-first",
  "mirror-only",
  "direct",
] as const satisfies readonly FetchPolicy[];

export interface MirrorFirstDeps {
  readonly mirror: ModelOrigin;
  readonly hub: ModelOrigin;
  readonly policy: FetchPolicy;
  /** False: the orchestrator has said that it has none. Undefined: it has yet to say. */
  readonly hasMirror: () => boolean | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** A mirror that failed so often in a row is left alone for a while. */
const maxFailures = 3;
const restMs = 5 * 60_000;

/** The office mirror for what it has or gets; the hub itself for what it does not offer, and when the mirror fails. */
export function createMirrorFirst(deps: MirrorFirstDeps): ModelOrigin {
  const { mirror, hub, policy, hasMirror, clock, log } = deps;
  let failures = 0;
  let restsUntilMs = Number.NEGATIVE_INFINITY;
  if (policy === "direct") return hub;

  const failed = (file: WantedFile, error: unknown): void => {
    const { code, message } = MusterError.from(error);
    // A disk that is full is full for whoever sends.
    if (code === "cancelled" || code === "store_full" || policy === "mirror-only") throw error;
    const isNoOffer = code === "not_found" || code === "unsupported";
    if (!isNoOffer) failures += 1;
    if (failures >= maxFailures) {
      failures = 0;
      restsUntilMs = clock.nowMs() + restMs;
    }
    const source = file.source.replace(/\?.*$/s, "?…");
    log[isNoOffer ? "debug" : "warn"](
      { source, reason: message },
      "not from the mirror, asking the hub itself",
    );
  };

  return {
    async locate(file, signal): Promise<LocatedFile> {
      if (policy === "mirror-first" && (hasMirror() === false || clock.nowMs() < restsUntilMs))
        return await hub.locate(file, signal);
      let located: LocatedFile;
      try {
        located = await mirror.locate(file, signal);
      } catch (error) {
        failed(file, error);
        return await hub.locate(file, signal);
      }
      return {
        ...located,
        async fetch(target) {
          try {
            const arrived = await located.fetch(target);
            failures = 0;
            return arrived;
          } catch (error) {
            failed(file, error);
            const direct = await hub.locate(file, signal);
            return await direct.fetch(target);
          }
        },
      };
    },
  };
}
