import { MusterError } from "@muster/base";
import type { ApiKey } from "@muster/sdk";

/** The key of that id or name: a live one comes before those of its name that are over. */
export function findKey(keys: readonly ApiKey[], idOrName: string): ApiKey {
  const byId = keys.find(({ id }) => id === idOrName);
  if (byId !== undefined) return byId;
  const named = keys.filter(({ name }) => name === idOrName);
  const live = named.filter(({ state }) => state === "live");
  const [only, ...more] = live.length > 0 ? live : named;
  if (only === undefined)
    throw new MusterError(
      "not_found",
      `No key is called "${idOrName}". \`muster keys ls --all\` lists them.`,
    );
  if (more.length === 0) return only;
  const ids = [only, ...more].map(({ id, state }) => `  ${id}  ${state}`).join("\n");
  throw new MusterError(
    "invalid_request",
    `${more.length + 1} keys are called "${idOrName}": say which, by its id.\n${ids}`,
  );
}
