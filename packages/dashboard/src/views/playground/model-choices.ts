import type { Model } from "@muster/sdk";

/** What the picker shows of a model. */
export interface ModelChoice {
  readonly id: string;
  readonly isFamily: boolean;
  /** A worker has it, be it on its way into memory. */
  readonly isServed: boolean;
  /** It answers at once. */
  readonly isReady: boolean;
  readonly members: readonly string[];
  readonly capabilities: readonly string[];
  readonly contextTokens: number | undefined;
}

export interface ModelChoices {
  readonly served: readonly ModelChoice[];
  readonly families: readonly ModelChoice[];
  readonly available: readonly ModelChoice[];
}

/** Those that chat, and those of which nobody can tell yet since they are on their way into memory. */
export function modelChoicesOf(models: readonly Model[]): ModelChoices {
  const chatting = models
    .map(choiceOf)
    .filter(
      ({ capabilities, isServed }) =>
        capabilities.includes("chat") || (isServed && capabilities.length === 0),
    );
  const single = chatting.filter(({ isFamily }) => !isFamily);
  return {
    served: single.filter(({ isServed }) => isServed),
    families: chatting.filter(({ isFamily }) => isFamily),
    available: single.filter(({ isServed }) => !isServed),
  };
}

/** The first that answers at once, else any. */
export function firstChoice({ served, families, available }: ModelChoices): ModelChoice | undefined {
  return served[0] ?? families[0] ?? available[0];
}

export function findChoice(
  { served, families, available }: ModelChoices,
  id: string,
): ModelChoice | undefined {
  return [...served, ...families, ...available].find((choice) => choice.id === id);
}

function choiceOf(model: Model): ModelChoice {
  return {
    id: model.id,
    isFamily: model.family === true,
    isServed: model.state === "served",
    isReady: (model.slots ?? 0) > 0,
    members: model.members ?? [],
    capabilities: model.capabilities ?? [],
    contextTokens: model.context_tokens ?? undefined,
  };
}

const badges: readonly (readonly [string, string])[] = [
  ["thinking", "thinking"],
  ["vision", "vision"],
  ["audio", "audio"],
  ["tools", "tools"],
  ["structured_output", "JSON"],
];

/** In words, those that make a difference here. */
export function badgesOf({ capabilities }: ModelChoice): readonly string[] {
  return badges.filter(([capability]) => capabilities.includes(capability)).map(([, word]) => word);
}
