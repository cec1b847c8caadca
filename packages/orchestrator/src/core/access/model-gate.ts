/** Which models a key may use: names with `*` for any text; undefined: all. */
export type ModelPatterns = readonly string[] | undefined;

/** A model as the catalogue and the fleet know it. */
export interface NamedModel {
  /** As it is served, or as the lane is named: perhaps with a variant, `gemma-4-e4b-it:q8_0`. */
  readonly model: string;
  readonly entry?:
    | { readonly id: string; readonly family: string; readonly aliases?: readonly string[] | undefined }
    | undefined;
}

/**
 * What counts is the model that would answer, never the name that it was asked by: by the name it is served as, its id,
 * its aliases, its family, and any of these with the variant. So `gemma-4` opens a family, `gemma-4-e4b-it` all variants
 * of a model, and `gemma-4-e4b-it:q8_0` one of them.
 */
export function mayUseModel(patterns: ModelPatterns, { model, entry }: NamedModel): boolean {
  if (patterns === undefined) return true;
  const [base = "", variant] = splitVariant(model);
  const plain = [base, ...(entry === undefined ? [] : [entry.id, entry.family, ...(entry.aliases ?? [])])];
  const names = variant === undefined ? plain : [...plain, ...plain.map((name) => `${name}:${variant}`)];
  return patterns.some((pattern) => names.some((name) => matches(pattern, name)));
}

/** Whether whatever `inner` matches is matched by `outer` as well: a `*` inside is text to a `*` outside. */
export function coversModels(outer: ModelPatterns, inner: ModelPatterns): boolean {
  if (outer === undefined) return true;
  return inner?.every((pattern) => outer.some((wider) => matches(wider, pattern))) ?? false;
}

/** Names of hubs have colons and slashes of their own: a variant is what follows the last colon, without a slash. */
function splitVariant(model: string): [string, string | undefined] {
  const at = model.lastIndexOf(":");
  return at <= 0 || model.includes("/", at) ? [model, undefined] : [model.slice(0, at), model.slice(at + 1)];
}

/** Without regular expressions: patterns come from people, and must not be slow. Letters' case does not count. */
function matches(pattern: string, name: string): boolean {
  const parts = pattern.toLowerCase().split("*");
  const text = name.toLowerCase();
  const [first = "", ...rest] = parts;
  if (rest.length === 0) return text === first;
  const last = rest.pop() ?? "";
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
