/** For commander: names with commas between them, of an option that may be repeated. */
export function namesIn(text: string, before: readonly string[] = []): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  return [...before, ...names.filter((name) => name !== "")];
}
