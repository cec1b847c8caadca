import type { CatalogueModel } from "@muster/sdk";

export interface Family {
  readonly name: string;
  /** Smallest first: as Muster goes up in a family. */
  readonly models: readonly CatalogueModel[];
  readonly loaded: number;
}

export interface ModelFilter {
  readonly text: string;
  /** Only what is loaded or pinned. */
  readonly isInUse: boolean;
}

export const isInUse = ({ loaded, pin }: CatalogueModel): boolean => loaded.length > 0 || pin !== null;

/** Models by family; families in use first, then by name. */
export function familiesOf(
  models: readonly CatalogueModel[],
  { text, isInUse: onlyInUse }: ModelFilter,
): Family[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const byName = new Map<string, CatalogueModel[]>();
  for (const model of models) {
    if (onlyInUse && !isInUse(model)) continue;
    if (!words.every((word) => textOf(model).includes(word))) continue;
    const family = byName.get(model.family);
    if (family === undefined) byName.set(model.family, [model]);
    else family.push(model);
  }
  const families = [...byName].map(([name, members]) => ({
    name,
    models: members.sort((one, other) => one.parameters - other.parameters),
    loaded: members.filter(isInUse).length,
  }));
  return families.sort(
    (one, other) =>
      Number(other.loaded > 0) - Number(one.loaded > 0) || one.name.localeCompare(other.name, "en"),
  );
}

function textOf({ id, title, family, kind, capabilities, aliases }: CatalogueModel): string {
  return [id, title, family, kind, ...capabilities, ...aliases].join(" ").toLowerCase();
}

/** `4 workers`, by state: what is said where a model is loaded. */
export function loadedCounts({ loaded }: CatalogueModel): {
  readonly ready: number;
  readonly coming: number;
} {
  const ready = loaded.filter(({ state }) => state === "ready").length;
  const coming = loaded.filter(({ state }) => state === "fetching" || state === "loading").length;
  return { ready, coming };
}
