import { MusterError } from "@muster/base";
import { familiesOf, findModel, isOwnAddress, type ModelEntry, type ModelUri } from "@muster/models";
import type { Pin } from "../placement/fleet-state.ts";

/** Stands for the best model of any family of chat models. */
export const anyFamily = "auto";

const idPattern = /^[a-z0-9][a-z0-9._-]{0,99}$/;
const familyPattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;
/** As workers may have them. */
const labelName = /^[A-Za-z0-9._/-]{1,64}$/;
const labelValue = /^[A-Za-z0-9._/: -]{0,128}$/;
const maxReplicas = 64;
const maxLabels = 16;

/** Throws `invalid_request` for what this orchestrator does not look at for others: it would tell what else is on its machine. */
export function checkAddress(address: ModelUri): void {
  switch (address.kind) {
    case "http":
      if (isOwnAddress(address.url))
        throw wrong("uri", "only https: addresses of other machines can be in the catalogue");
      if (!isModelName(new URL(address.url).pathname)) throw wrong("uri", "its path must end in .gguf");
      return;
    case "path":
      // `//host/share` and its like: Windows would log in there.
      if (/^[\\/]{2}/.test(address.path)) throw wrong("uri", "it names another machine");
      if (!isModelName(address.path)) throw wrong("uri", "only paths of .gguf files can be in the catalogue");
      return;
    default:
      return;
  }
}

function isModelName(path: string): boolean {
  return /\.gguf$/i.test(path);
}

/** Throws `invalid_request` for a name that cannot be, or that is taken. */
export function checkNewId(id: string, entries: readonly ModelEntry[]): void {
  if (!idPattern.test(id)) {
    throw wrong("id", `"${id.slice(0, 100)}" cannot be a name: write a-z, 0-9, dots, dashes and underscores`);
  }
  const taken = findModel(entries, id)?.entry;
  if (taken !== undefined) throw wrong("id", `"${id}" is in the catalogue already (${taken.title})`);
  if (id === anyFamily || familiesOf(entries).has(id)) throw wrong("id", `"${id}" names a family`);
}

/** Throws `invalid_request`. A family may be new, but no model's name. */
export function checkFamily(
  family: string,
  of: { readonly id: string; readonly entries: readonly ModelEntry[] },
): void {
  if (!familyPattern.test(family) || family === anyFamily) {
    throw wrong("family", `"${family.slice(0, 64)}" cannot be a family: write a-z, 0-9, dots and dashes`);
  }
  if (family === of.id || familiesOf(of.entries).has(family)) return;
  const taken = findModel(of.entries, family)?.entry;
  if (taken !== undefined) throw wrong("family", `"${family}" is the name of a model`);
}

/** After those of the family with fewer weights. */
export function rankIn(members: readonly ModelEntry[], parameters: number): number {
  const smaller = members.filter((member) => member.parameters <= parameters);
  const larger = members.filter((member) => member.parameters > parameters);
  const below = smaller.length === 0 ? undefined : Math.max(...smaller.map(({ rank }) => rank));
  const above = larger.length === 0 ? undefined : Math.min(...larger.map(({ rank }) => rank));
  if (below === undefined) return above === undefined ? 1 : above - 1;
  return above === undefined || above <= below ? below + 1 : (below + above) / 2;
}

/** Throws `invalid_request` for a pin that cannot be. */
export function checkPin({ replicas, labels }: Pin): void {
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > maxReplicas)
    throw wrong("replicas", `it must be a whole number from 1 to ${maxReplicas}`);
  const given = Object.entries(labels);
  if (given.length > maxLabels) throw wrong("labels", `there may be ${maxLabels} at most`);
  for (const [name, value] of given) {
    if (!labelName.test(name) || !labelValue.test(value))
      throw wrong("labels", `"${name.slice(0, 64)}" or its value cannot be a label of a worker`);
  }
}

function wrong(param: string, why: string): MusterError {
  return new MusterError("invalid_request", `"${param}" is wrong: ${why}.`, { param });
}
