import { neededCapabilities, type TokenizeRequest } from "@muster/base";
import type { RequestDesk } from "../request-desk.ts";
import type { ServedNow } from "./ingest-line.ts";
import type { PlanDeps } from "./plan-batch.ts";

/** Longer than a plan waits: its signal ends the wait. */
const queueTimeoutMs = 60_000;

/**
 * Counts the tokens of prompts for plans, by the models' own tokenizers. It takes the slots that others leave: nothing
 * that runs gives way to an estimate.
 */
export function createTokenCounter(deps: {
  readonly desk: Pick<RequestDesk, "submit">;
  readonly served: Pick<ServedNow, "canDo">;
  readonly newRequestId: () => string;
}): PlanDeps["tokenize"] {
  return async (model, request: TokenizeRequest, signal) => {
    if (!deps.served.canDo(model, neededCapabilities(request))) return undefined;
    const answer = await deps.desk.submit({
      requestId: deps.newRequestId(),
      lane: { model, class: "batch" },
      request,
      queueTimeoutMs,
      isRestartable: true,
      signal,
    });
    let tokens = 0;
    for await (const event of answer) {
      if (event.kind === "started") tokens = 0;
      else if (event.kind === "delta" && event.delta.kind === "token-ids") tokens += event.delta.ids.length;
    }
    return tokens;
  };
}
