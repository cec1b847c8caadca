import { type Capability, MusterError } from "@muster/base";
import { type ModelPatterns, mayUseModel } from "../../core/access/model-gate.ts";
import type { BatchEndpoint, LineError } from "../../core/batches/batch.ts";
import type { LineEntry } from "../../core/batches/line-index.ts";
import { prefixOf, TextHashSet } from "../../core/batches/text-hash.ts";
import { modelForbidden, modelNotFound, notAble } from "../../core/fleet/refusals.ts";
import type { LineEndpoints, LineIdentity, LinePlan } from "../../ports/line-endpoint.ts";
import type { Resolved } from "../catalogue/model-resolver.ts";
import type { RawLine } from "./line-splitter.ts";
import { type ParsedLine, parseInputLine, type Refusal } from "./parse-input-line.ts";

/** What the fleet can do, as far as an input file is held against it. */
export interface ServedNow {
  has(model: string): boolean;
  list(): readonly string[];
  canDo(model: string, needs: ReadonlySet<Capability>): boolean;
  capabilities(model: string): ReadonlySet<Capability>;
  /** The model that a name stands for, for what is needed. */
  resolve(
    name: string,
    need: { readonly needs: ReadonlySet<Capability>; readonly allowed: ModelPatterns },
  ): Resolved;
}

interface CheckerDeps {
  readonly endpoints: LineEndpoints;
  readonly served: ServedNow;
  readonly maxLineBytes: number;
  /** The models that whoever made the batch may use. */
  readonly allowed?: ModelPatterns;
}

/** A line that can be run as it is. */
export interface GoodLine {
  readonly entry: LineEntry;
  readonly plan: LinePlan;
}

/** What the name in a line has come to. */
type LineModel =
  | { readonly kind: "model"; readonly model: string }
  | { readonly kind: "refused"; readonly refusal: Refusal };

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
  /** The fleet is asked once for each name and what is needed of it: a family is one model in all of a batch. */
  readonly #resolved = new Map<string, LineModel>();

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
    const resolved = this.#resolve(plan);
    if (resolved.kind === "refused") return refuse(resolved.refusal);
    const model = this.#numberOf(resolved.model);
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

  #resolve({ model: name, needs, params }: LinePlan): LineModel {
    const key = `${name}\n${[...needs].join()}`;
    const known = this.#resolved.get(key);
    if (known !== undefined) return known;
    const answer = this.#asked({ name, needs, params });
    const resolved: LineModel =
      answer instanceof MusterError
        ? { kind: "refused", refusal: refusalOf(answer) }
        : { kind: "model", model: answer };
    if (this.#resolved.size < maxModels) this.#resolved.set(key, resolved);
    return resolved;
  }

  /** The model, or why there is none. Throws `not_ready` where that may change: a night without machines says nothing. */
  #asked(of: Pick<LinePlan, "needs" | "params"> & { readonly name: string }): string | MusterError {
    const { name, needs, params } = of;
    const { served, allowed } = this.#deps;
    const resolved = served.resolve(name, { needs, allowed });
    switch (resolved.kind) {
      case "model": {
        const { model } = resolved;
        const isAble = !served.has(model) || served.canDo(model, needs);
        return isAble ? model : notAble({ model, needs, able: served.capabilities(model), params });
      }
      case "unable":
        return notAble({ model: name, needs, able: resolved.able, params });
      case "forbidden":
        return modelForbidden(name, allowed);
      case "unknown":
      case "impossible": {
        const later = resolved.kind === "impossible" ? resolved.later : undefined;
        if (later?.model !== undefined) return later.model;
        if (later !== undefined && resolved.kind === "impossible")
          throw new MusterError("not_ready", `The batch waits for its machines: ${resolved.reason}`);
        const known = served.list();
        if (known.length === 0)
          throw new MusterError("not_ready", "No worker has joined: models cannot be looked up yet.");
        return resolved.kind === "unknown"
          ? modelNotFound(
              name,
              known.filter((model) => mayUseModel(allowed, { model })),
            )
          : new MusterError(resolved.code, resolved.reason, { param: "model" });
      }
      default:
        return resolved satisfies never;
    }
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
