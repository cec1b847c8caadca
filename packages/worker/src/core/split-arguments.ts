import { MusterError } from "@muster/base";

/**
 * Splits text into a program's arguments as a shell would, and does nothing else that a shell does: spaces separate,
 * '…' is taken as it is, in "…" and outside a backslash takes the next character as it is. Throws MusterError
 * `invalid_request` for a quote that does not end.
 */
export function splitArguments(text: string, param: string): readonly string[] {
  const found: string[] = [];
  let current: string | undefined;
  let quote: string | undefined;
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (quote === undefined && /\s/.test(character)) {
      if (current !== undefined) found.push(current);
      current = undefined;
    } else if (character === quote) {
      quote = undefined;
    } else if (quote === undefined && (character === "'" || character === '"')) {
      quote = character;
      // An empty pair of quotes is an argument too.
      current ??= "";
    } else if (character === "\\" && quote !== "'" && i + 1 < text.length) {
      i += 1;
      current = (current ?? "") + text.charAt(i);
    } else {
      current = (current ?? "") + character;
    }
  }
  if (quote !== undefined) {
    throw new MusterError("invalid_request", `${param}: the quotation mark ${quote} does not end.`, {
      param,
    });
  }
  if (current !== undefined) found.push(current);
  return found;
}
