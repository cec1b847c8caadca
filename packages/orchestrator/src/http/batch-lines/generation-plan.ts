import { type GenerateRequest, neededCapabilities } from "@muster/base";
import type { LinePlan } from "../../ports/line-endpoint.ts";
import { gathered, generationPart } from "../answering/gather.ts";
import type { Wording } from "../answering/wording.ts";
import { leadingOf, promptLengthOf } from "../parsing/prompt-size.ts";
import { linePlan } from "./line-plan.ts";

/** The plan of a line that generates, in the words of the endpoint it is for. */
export function generationPlan(asked: {
  readonly model: string;
  /** One for each choice. */
  readonly requests: readonly [GenerateRequest, ...GenerateRequest[]];
  readonly hasOwnSeed: boolean;
  readonly wording: Pick<Wording, "complete" | "params">;
}): LinePlan {
  const { model, requests, hasOwnSeed, wording } = asked;
  const [first] = requests;
  return linePlan({
    model,
    needs: neededCapabilities(first),
    params: wording.params,
    parts: requests.map(generationPart),
    word: (collected) => wording.complete(collected.map(gathered)),
    isDeterministic: first.sampling.temperature === 0 || hasOwnSeed,
    leading: leadingOf(first),
    promptLength: requests.reduce((sum, request) => sum + promptLengthOf(request), 0),
    maxTokens: first.maxTokens === undefined ? undefined : first.maxTokens * requests.length,
  });
}
