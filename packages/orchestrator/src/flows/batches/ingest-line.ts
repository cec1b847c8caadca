import { type Capability, MusterError } from "@muster/base";
import type { BatchEndpoint, LineError } from "../../core/batches/batch.ts";
import type { LineEntry } from "../../core/batches/line-index.ts";
import { prefixOf, TextHashSet } from "../../core/batches/text-hash.ts";
import { modelNotFound, notAble } from "../../core/fleet/refusals.ts";
import type { LineEndpoints, LineIdentity, LinePlan } from "../../ports/line-endpoint.ts";
import type { RawLine } from "./line-splitter.ts";
import { type ParsedLine, parseInputLine, type Refusal } from "./parse-input-line.ts";

/** What the fleet can do, as far as an input file is held against it. */
export interface ServedNow {
  has(model: string): boolean;
  list(): readonly string[];
  canDo(model: string, needs: ReadonlySet<Capability>): boolean;
  capabilities(model: string): ReadonlySet<Capability>;
}

interface CheckerDeps {
  readonly endpoints: LineEndpoints;
  readonly served: ServedNow;
  readonly maxLineBytes: number;
}

/** A line that can be run as it is. */
export interface GoodLine {
  readonly entry: LineEntry;
  readonly plan: LinePlan;
}

type CheckedLine =
  | ({ readonly kind: "good" } & GoodLine)
  | { readonly kind: "refused"; readonly error: LineError };

const maxModels = 1_000;
const charactersPerToken = 4;
/** What a line is taken to write where it does not say. */
export const usualAnswerTokens = 256;
const maxEstimate = 2 ** 32 - 1;
/** The line is not run now: any name will do. */
export const noIdentity: LineIdentity = { name: "0", seed: 0, createdAtSeconds: 0 };

/** Checks the lines of one input file, one after the other. */
export class LineChecker {
  readonly #deps: CheckerDeps;
  readonly #endpoint: BatchEndpoint;
  readonly #customIds = new TextHashSet();
  /** By name, in the order in which they first come. */
  readonly #models = new Map<string, { readonly number: number; lines: number }>();
  /** The fleet is asked once for each model and what is needed of it. */
  readonly #refusals = new Map<string, Refusal | undefined>();

  constructor(deps: CheckerDeps, endpoint: BatchEndpoint) {
    this.#deps = deps;
    this.#endpoint = endpoint;
  }

  get models(): readonly { readonly model: string; readonly lines: number }[] {
    return [...this.#models].map(([model, { lines }]) => ({ model, lines }));
  }

  check(raw: RawLine): CheckedLine {
    const refuse = (refusal: Refusal): CheckedLine => ({
      kind: "refused",
      error: { ...refusal, line: raw.lineNumber },
    });
    const parsed = parseInputLine(raw, { endpoint: this.#endpoint, maxLineBytes: this.#deps.maxLineBytes });
    if (parsed.kind === "refused") return refuse(parsed.refusal);
    if (!this.#customIds.add(parsed.customId)) return refuse(duplicate(parsed.customId));
    const plan = this.#plan(parsed);
    if (!("parts" in plan)) return refuse(plan);
    const refusal = this.#fleetRefusal(plan);
    if (refusal !== undefined) return refuse(refusal);
    const model = this.#numberOf(plan.model);
    if (model === undefined) return refuse(tooManyModels);
    const { offset, length, lineNumber } = raw;
    const prefix = prefixOf(plan.leading);
    const entry = { offset, length, lineNumber, model, prefix, estimatedTokens: estimateOf(plan) };
    return { kind: "good", entry, plan };
  }

  #plan({ body }: ParsedLine): LinePlan | Refusal {
    try {
      return this.#deps.endpoints.plan(this.#endpoint, body, noIdentity);
    } catch (thrown) {
      if (thrown instanceof MusterError && thrown.code !== "internal") return refusalOf(thrown);
      throw thrown;
    }
  }

  #fleetRefusal({ model, needs, params }: LinePlan): Refusal | undefined {
    const key = `${model}\n${[...needs].join()}`;
    if (this.#refusals.has(key)) return this.#refusals.get(key);
    const error = this.#fleetError({ model, needs, params });
    const refusal = error === undefined ? undefined : refusalOf(error);
    if (this.#refusals.size < maxModels) this.#refusals.set(key, refusal);
    return refusal;
  }

  #fleetError({
    model,
    needs,
    params,
  }: Pick<LinePlan, "model" | "needs" | "params">): MusterError | undefined {
    const { served } = this.#deps;
    if (served.has(model)) {
      const isAble = served.canDo(model, needs);
      return isAble ? undefined : notAble({ model, needs, able: served.capabilities(model), params });
    }
    const known = served.list();
    // A night without machines says nothing about the input.
    if (known.length === 0)
      throw new MusterError("not_ready", "No worker has joined: models cannot be looked up yet.");
    return modelNotFound(model, known);
  }

  #numberOf(model: string): number | undefined {
    const known = this.#models.get(model);
    if (known !== undefined) {
      known.lines += 1;
      return known.number;
    }
    const number = this.#models.size;
    if (number >= maxModels) return undefined;
    this.#models.set(model, { number, lines: 1 });
    return number;
  }
}

function refusalOf({ code, message, param }: MusterError): Refusal {
  return { code, message, param };
}

function duplicate(customId: string): Refusal {
  return {
    code: "duplicate_custom_id",
    message: `The custom_id "${customId.slice(0, 64)}" was used by an earlier line. Each line needs its own.`,
    param: "custom_id",
  };
}

const tooManyModels: Refusal = {
  code: "too_many_models",
  message: `The file names more than ${maxModels} models. Split it.`,
  param: "model",
};

function estimateOf({ promptLength, maxTokens }: LinePlan): number {
  return Math.min(
    maxEstimate,
    Math.ceil(promptLength / charactersPerToken) + (maxTokens ?? usualAnswerTokens),
  );
}
