import { MusterError } from "@muster/base";
import type { Model, Muster } from "@muster/sdk";

/** The name that stands for all that chats. */
const anyModel = "auto";

/**
 * The model that was asked for, else the only one that is served, else whichever the fleet can load. Throws `model_not_found` where none is served, and
 * `invalid_request` naming them where there are several.
 */
export async function servedModel(
  client: Muster,
  wanted: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  if (wanted !== undefined) return wanted;
  const { data } = await client.models.list({ signal, maxRetries: 0 });
  const [first, ...others] = data.filter(isServedModel).map(({ id }) => id);
  if (first === undefined) {
    // Whatever the fleet can load: the best of it answers.
    if (data.some(({ id }) => id === anyModel)) return anyModel;
    throw new MusterError(
      "model_not_found",
      "No model is served, and no worker that is lent now could load one. `muster worker` lends a machine.",
    );
  }
  if (others.length === 0) return first;
  throw new MusterError(
    "invalid_request",
    `Several models are served: ${[first, ...others].join(", ")}. Choose one with --model.`,
  );
}

/** Neither a family, nor one that has yet to be loaded. */
export function isServedModel({ state, family }: Model): boolean {
  return state !== "available" && family !== true;
}
