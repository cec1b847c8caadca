import { MusterError } from "@muster/base";
import type { KeyMade } from "./key-record.ts";
import { coversModels } from "./model-gate.ts";
import { mayDo, type Principal } from "./principal.ts";

/** Nobody gives what they do not have: otherwise a key for a week could make one for ever. */
export function requireRights(
  asked: Pick<KeyMade, "scopes" | "models" | "expiresAtMs">,
  maker: Principal,
): void {
  const missing = asked.scopes.filter((scope) => !mayDo(maker, scope));
  if (missing.length > 0)
    throw new MusterError("forbidden", `Your key may not do what this one could: ${missing.join(", ")}.`, {
      param: "scopes",
    });
  if (!coversModels(maker.models, asked.models))
    throw new MusterError(
      "forbidden",
      `Your key may use ${maker.models?.join(", ")} alone: give the other one models among these.`,
      { param: "models" },
    );
  if (maker.expiresAtMs !== undefined && (asked.expiresAtMs ?? Number.POSITIVE_INFINITY) > maker.expiresAtMs)
    throw new MusterError(
      "forbidden",
      `Your key expires at ${new Date(maker.expiresAtMs).toISOString()}: the other one must not outlive it.`,
      { param: "expires_at" },
    );
}
