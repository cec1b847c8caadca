import { type JsonSchema, MusterError } from "@muster/base";
import type { WrittenCall } from "../../core/dialects/call-reader.ts";
import { argumentsSchema } from "../../core/dialects/tool-schema.ts";
import { checkAgainstSchema } from "../common/check-against-schema.ts";
import type { AnswerPlan } from "./answer-plan.ts";
import type { ChildGenerateRequest } from "./child-messages.ts";
import { tookTooLong, withinTime } from "./within-time.ts";

/** Other answers wait meanwhile. */
const checkDeadlineMs = 3_000;

export interface FinishedAnswer {
  readonly request: ChildGenerateRequest;
  readonly plan: AnswerPlan;
  readonly calls: readonly WrittenCall[];
  /** Undefined: a stop string has cut it. */
  readonly text: string | undefined;
}

/**
 * Grammars hold models to less than a schema says here and there: what came out is checked once more.
 * Throws MusterError `engine_failed` that says what was violated.
 */
export function checkAnswer({ request, plan, calls, text }: FinishedAnswer): void {
  for (const { name, argumentsJson } of calls) {
    const tool = request.tools?.definitions.find((each) => each.name === name);
    if (tool === undefined || plan.grammar.looseTools.has(name)) continue;
    const problem = problemOf(argumentsSchema(tool), argumentsJson);
    if (problem !== undefined) throw violation(`The arguments of the call of "${name}"`, problem);
  }
  const { format } = request;
  if (format === undefined || calls.length > 0 || text === undefined) return;
  const schema = format.kind === "json-object" ? { type: "object" } : format.schema;
  const problem = problemOf(schema, text);
  if (problem !== undefined) throw violation("The answer", problem);
}

function problemOf(schema: JsonSchema, text: string): string | undefined {
  const problem = withinTime(checkDeadlineMs, () => checkAgainstSchema(schema, text));
  return problem === tookTooLong ? `it could not be checked within ${checkDeadlineMs} ms` : problem;
}

function violation(what: string, problem: string): MusterError {
  return new MusterError(
    "engine_failed",
    `${what} did not follow its JSON Schema: ${problem}. Ask again, or make the schema simpler.`,
  );
}
