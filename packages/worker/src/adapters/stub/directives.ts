/** What the words of a prompt ask the stub to do besides echoing it. */
export interface Directives {
  /** Words of thought, from `!think:so_it_is`. */
  readonly thought: readonly string[];
  /** Calls, from `!tool:NAME{...}`. */
  readonly calls: readonly { readonly name: string; readonly argumentsJson: string }[];
}

export function directivesOf(text: string): Directives {
  const thought = /!think:(\S+)/.exec(text)?.[1]?.split("_") ?? [];
  const calls = [...text.matchAll(/!tool:([A-Za-z0-9_.-]+)/g)].map(({ 0: whole, 1: name = "", index }) => ({
    name,
    argumentsJson: objectAt(text, index + whole.length) ?? "{}",
  }));
  return { thought, calls };
}

/** The JSON object that begins exactly there: the shortest run up to a closing brace that is valid JSON. */
function objectAt(text: string, start: number): string | undefined {
  if (text[start] !== "{") return undefined;
  for (let end = text.indexOf("}", start); end >= 0; end = text.indexOf("}", end + 1)) {
    const candidate = text.slice(start, end + 1);
    try {
      JSON.parse(candidate);
      return candidate;
    } catch {}
  }
  return undefined;
}
