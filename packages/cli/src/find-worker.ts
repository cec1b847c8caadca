import { MusterError, printableText } from "@muster/base";
import type { Worker } from "@muster/sdk";

/**
 * The worker that people mean by its id or its name. Of several with one name those that are connected count; throws
 * `not_found` for none, and `invalid_request` with the list where it is not clear which.
 */
export function findWorker(workers: readonly Worker[], idOrName: string): Worker {
  const byId = workers.find(({ id }) => id === idOrName);
  if (byId !== undefined) return byId;
  const named = workers.filter(({ name }) => name === idOrName);
  const connected = named.filter(({ state }) => state !== "lost");
  const meant = connected.length > 0 ? connected : named;
  const [one, ...others] = meant;
  if (one === undefined) {
    throw new MusterError(
      "not_found",
      `No worker is called "${printableText(idOrName)}". \`muster workers\` lists them.`,
    );
  }
  if (others.length === 0) return one;
  const list = meant.map(({ id, state, hardware }) => `  ${id}  ${state}  on ${hardware.hostname}`);
  throw new MusterError(
    "invalid_request",
    `${meant.length} workers are called "${printableText(idOrName)}": give the id of the one you mean.\n${list.join("\n")}`,
  );
}
