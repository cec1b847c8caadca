import type { GgufArray, GgufHeader, GgufValue } from "../gguf-header.ts";

/** The numbers of a model's architecture, as its file's metadata has them. */
export interface HyperParameters {
  readonly architecture: string;
  number(key: string): number | undefined;
  /** Of one layer: of a list its own, of a single number that. */
  ofLayer(key: string, layer: number): number | undefined;
  isList(key: string): boolean;
}

/** A file that names no architecture is no model. */
export function hyperParameters({ metadata }: GgufHeader): HyperParameters | undefined {
  const architecture = metadata.get("general.architecture");
  if (typeof architecture !== "string" || architecture === "") return undefined;
  const value = (key: string) => metadata.get(`${architecture}.${key}`);
  return {
    architecture,
    number: (key) => asNumber(value(key)),
    ofLayer(key, layer) {
      const found = value(key);
      return isArray(found) ? asNumber(found.items?.[layer]) : asNumber(found);
    },
    isList: (key) => isArray(value(key)),
  };
}

function isArray(value: GgufValue | undefined): value is GgufArray {
  return typeof value === "object";
}

/** Flags count as 0 and 1: lists of either say which layers have something. */
function asNumber(value: GgufValue | undefined): number | undefined {
  if (typeof value === "boolean") return Number(value);
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}
