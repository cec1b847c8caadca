import { capabilities as allCapabilities, type Capability, isCapability, MusterError } from "@muster/base";

/** What an owner says about a model's capabilities. */
export interface CapabilityChange {
  /** Given: these, instead of what was found out. */
  readonly instead: readonly Capability[] | undefined;
  readonly added: readonly Capability[];
  readonly removed: readonly Capability[];
}

/**
 * Reads `chat,tools` (these and no others) or `+vision,-tools` (as found out, but with one and without the other).
 * Throws MusterError `invalid_request`.
 */
export function parseCapabilityChange(text: string): CapabilityChange {
  const entries = text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  const signed = entries.filter((entry) => /^[+-]/.test(entry));
  if (entries.length === 0) throw bad(text, "it is empty");
  if (signed.length === 0)
    return { instead: entries.map((entry) => read(text, entry)), added: [], removed: [] };
  if (signed.length < entries.length) throw bad(text, "give every name a + or a -, or none of them");
  const withSign = (sign: string) =>
    entries.filter((entry) => entry.startsWith(sign)).map((entry) => read(text, entry.slice(1)));
  return { instead: undefined, added: withSign("+"), removed: withSign("-") };
}

export function changeCapabilities(
  found: readonly Capability[],
  change: CapabilityChange | undefined,
): readonly Capability[] {
  if (change === undefined) return found;
  const { instead, added, removed } = change;
  return [...new Set([...(instead ?? found), ...added])].filter((each) => !removed.includes(each));
}

function read(text: string, name: string): Capability {
  if (isCapability(name)) return name;
  throw bad(text, `there is no "${name}"`);
}

function bad(text: string, why: string): MusterError {
  return new MusterError(
    "invalid_request",
    `"${text}" is no list of capabilities: ${why}. There are ${allCapabilities.join(", ")}; ` +
      "write them with commas, or +vision,-tools to change what was found out.",
    { param: "--capabilities" },
  );
}
