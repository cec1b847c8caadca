const units = ["", "k", "m", "g", "t", "p"];

/** `200GB`, `1.5 TiB`, `500m`, `1000000`: with an `i` in steps of 1024, else of 1000. Undefined for what is no size. */
export function parseByteSize(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)(i?)b?$/i.exec(text.trim());
  if (found === null) return undefined;
  const [, number = "", unit = "", binary = ""] = found;
  if (binary !== "" && unit === "") return undefined;
  const bytes = Math.round(
    Number(number) * (binary === "" ? 1000 : 1024) ** units.indexOf(unit.toLowerCase()),
  );
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
