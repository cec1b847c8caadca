const hues = 8;
const known = new Map<string, string>();

/** The colour of a model, the same everywhere: a custom property, `--hue-3`. */
export function hueOf(model: string): string {
  const before = known.get(model);
  if (before !== undefined) return before;
  const hue = chooseHue(model, new Set(known.values()));
  known.set(model, hue);
  return hue;
}

/** By its name, so that it is the same tomorrow; where that is taken, the next that is free. */
export function chooseHue(model: string, taken: ReadonlySet<string>): string {
  let hash = 2_166_136_261;
  for (const character of model) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  for (let step = 0; step < hues; step++) {
    const hue = `--hue-${((hash + step) % hues) + 1}`;
    if (!taken.has(hue)) return hue;
  }
  return `--hue-${(hash % hues) + 1}`;
}
