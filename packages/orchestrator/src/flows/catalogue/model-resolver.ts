import type { Capability } from "@muster/base";
import { familiesOf, type ModelEntry } from "@muster/models";
import { type ModelPatterns, mayUseModel } from "../../core/access/model-gate.ts";
import { anyFamily } from "../../core/catalogue/catalogue-names.ts";
import {
  chooseMember,
  type FamilyMember,
  type Loadable,
  type PassedOver,
} from "../../core/families/choose-member.ts";
import { canDo } from "../../core/scheduling/choose-replica.ts";
import type { FleetOutlook } from "./fleet-outlook.ts";
import type { ModelCatalogue } from "./model-catalogue.ts";

/** What the fleet could load, by a model's id. */
export interface Capacity {
  couldRun(model: string): Loadable;
}

/** Where nobody places models: workers serve what they were told to, and nothing else. */
export const nothingPlaced: Capacity = {
  couldRun: () => ({ kind: "no", reason: "no worker serves it, and none takes orders" }),
};

/** What is served, here and elsewhere. */
export interface ServedNames {
  has(model: string): boolean;
  list(): readonly string[];
  /** Of replicas that take work now. */
  slots(model: string): number;
  capabilities(model: string): ReadonlySet<Capability>;
}

export interface Need {
  readonly needs: ReadonlySet<Capability>;
  readonly promptTokens?: number | undefined;
  /** Of the answer, at most; undefined: not limited. */
  readonly maxTokens?: number | undefined;
  readonly deadlineMs?: number | undefined;
  /** The models that whoever asks may use; undefined: all. */
  readonly allowed?: ModelPatterns;
}

export interface ResolvedModel {
  readonly kind: "model";
  /** As it is served, or will be: the name of its lane. */
  readonly model: string;
  /** Of the catalogue, where it is there. */
  readonly entry: ModelEntry | undefined;
  /** The one that was asked for. */
  readonly variant: string | undefined;
  /** How long it should take until a replica is there; 0 where one is. */
  readonly loadMs: number;
}

export type Resolved =
  | ResolvedModel
  | { readonly kind: "unknown" }
  /** Not for whoever asks. Said of names that there are not as well, so that nobody learns which there are. */
  | { readonly kind: "forbidden" }
  /** No model of that name can do all that is needed. */
  | { readonly kind: "unable"; readonly able: ReadonlySet<Capability> }
  /** `reason` is a sentence for people. */
  | {
      readonly kind: "impossible";
      readonly code: "insufficient_capacity" | "deadline_exceeded";
      readonly reason: string;
      /** Set where a worker that is away or busy now could have it later: what can wait may wait for it. */
      readonly later?: LaterModel | undefined;
    };

/** What may be there later; `model` is undefined of a family: which member it will be is not known yet. */
export interface LaterModel {
  readonly model: string | undefined;
}

interface ModelResolverDeps {
  readonly catalogue: Pick<ModelCatalogue, "find" | "entries">;
  readonly served: ServedNames;
  readonly outlook: FleetOutlook;
  readonly capacity: Capacity;
}

/** What an answer is taken to be long where a request does not say. */
const usualAnswerTokens = 256;
/** Reasons that a sentence has room for. */
const maxReasons = 5;

interface Member extends FamilyMember {
  readonly entry: ModelEntry | undefined;
}

/** Makes the name in a request the name of a lane. */
export class ModelResolver {
  readonly #deps: ModelResolverDeps;

  constructor(deps: ModelResolverDeps) {
    this.#deps = deps;
  }

  /**
   * What is served by that name wins, then a model of the catalogue, then a family, or `auto` for all of them. Of a
   * family those are left that whoever asks may use.
   */
  resolve(name: string, need: Need): Resolved {
    const { catalogue, served } = this.#deps;
    const { allowed } = need;
    const found = catalogue.find(name);
    const variant = found?.variant === undefined ? "" : `:${found.variant.id}`;
    const model = found === undefined || served.has(name) ? name : `${found.entry.id}${variant}`;
    const isNamed = served.has(name) || found !== undefined;
    if (isNamed && !mayUseModel(allowed, { model, entry: found?.entry })) return { kind: "forbidden" };
    const isHere = served.has(name) && (found === undefined || !this.#isBetterLoaded(name, found.entry));
    if (isHere) return this.#unableOnceLoaded(name, found?.entry, need) ?? modelOf(name, found?.entry);
    if (found !== undefined)
      return this.#resolveEntry(name, found.entry, { ...need, variant: found.variant?.id });
    const members = this.#members(name.toLowerCase(), need);
    const mine = members?.filter((member) => mayUseModel(allowed, member));
    if (mine !== undefined && (mine.length > 0 || members?.length === 0))
      return this.#resolveFamily(name, mine, need);
    return mine === undefined && mayUseModel(allowed, { model: name })
      ? { kind: "unknown" }
      : { kind: "forbidden" };
  }

  /** The catalogue's models that nobody serves and the fleet could load. */
  available(): readonly ModelEntry[] {
    return this.#deps.catalogue
      .entries()
      .filter((entry) => this.#servedName(entry) === undefined && this.#loadable(entry.id).kind === "yes");
  }

  /** Families of which a model is served or could be loaded, each with those; `auto` where there is one that chats. */
  families(): ReadonlyMap<string, readonly string[]> {
    const families = new Map<string, readonly string[]>();
    const chats: string[] = [];
    for (const [family, entries] of familiesOf(this.#deps.catalogue.entries())) {
      const members = entries.filter(
        (entry) => this.#servedName(entry) !== undefined || this.#loadable(entry.id).kind === "yes",
      );
      const names = members.map((entry) => this.#servedName(entry) ?? entry.id);
      if (members.some(({ kind }) => kind === "chat")) chats.push(...names);
      // A family of the name of its model is that model.
      if (names.length > 0 && this.#deps.catalogue.find(family) === undefined) families.set(family, names);
    }
    if (chats.length > 0) families.set(anyFamily, chats);
    return families;
  }

  #resolveEntry(
    name: string,
    entry: ModelEntry,
    need: Need & { readonly variant: string | undefined },
  ): Resolved {
    const { outlook } = this.#deps;
    const served = this.#servedName(entry);
    if (served !== undefined && !this.#isBetterLoaded(served, entry)) {
      const variants = outlook.variants(served);
      const isOther = need.variant !== undefined && !variants.has(need.variant) && !variants.has(undefined);
      if (!isOther || variants.size === 0)
        return this.#unableOnceLoaded(served, entry, need) ?? modelOf(served, entry, need.variant);
      const lane = `${entry.id}:${need.variant}`;
      const loadable = this.#loadable(lane);
      if (loadable.kind === "yes") return modelOf(lane, entry, need.variant, loadable.loadMs);
      return {
        kind: "impossible",
        code: "insufficient_capacity",
        reason: `"${entry.id}" is served now, but as ${[...variants].join(", ")} and not as ${need.variant}, which cannot be had: ${loadable.reason}. Ask for "${entry.id}".`,
      };
    }
    const able = new Set(entry.capabilities);
    if (!canDo({ capabilities: able }, need.needs)) return { kind: "unable", able };
    const lane = need.variant === undefined ? entry.id : `${entry.id}:${need.variant}`;
    const loadable = this.#loadable(lane);
    if (loadable.kind === "yes") return modelOf(lane, entry, need.variant, loadable.loadMs);
    return {
      kind: "impossible",
      code: "insufficient_capacity",
      reason: `The model "${name.slice(0, 128)}" is known here, and cannot be had now: ${loadable.reason}.`,
      later: loadable.isForNow ? { model: entry.id } : undefined,
    };
  }

  #resolveFamily(name: string, members: readonly Member[], need: Need): Resolved {
    const { needs, promptTokens, maxTokens, deadlineMs } = need;
    const contextTokens = promptTokens === undefined ? undefined : promptTokens + (maxTokens ?? 1);
    const wish = { needs, contextTokens, deadlineMs };
    const choice = chooseMember(members, wish);
    if (choice.kind === "member") {
      const { model, entry, isServed, loadable } = choice.member;
      return modelOf(model, entry, undefined, isServed || loadable.kind === "no" ? 0 : loadable.loadMs);
    }
    if (members.length > 0 && members.every(({ capabilities }) => !canDo({ capabilities }, needs)))
      return { kind: "unable", able: new Set(members.flatMap(({ capabilities }) => [...capabilities])) };
    const isForNow = members.some(({ loadable }) => loadable.kind === "no" && loadable.isForNow);
    const isTooLate =
      deadlineMs !== undefined && chooseMember(members, { ...wish, deadlineMs: undefined }).kind === "member";
    return {
      kind: "impossible",
      code: isTooLate ? "deadline_exceeded" : "insufficient_capacity",
      reason: isTooLate
        ? `No model of "${name}" can answer within ${deadlineMs} ms. ${reasonsOf(choice.passedOver)}`
        : `No model of "${name}" can answer this now. ${reasonsOf(choice.passedOver)}`,
      later: isForNow ? { model: undefined } : undefined,
    };
  }

  /** The best first; undefined for what is no family. */
  #members(name: string, need: Need): Member[] | undefined {
    const { catalogue, served } = this.#deps;
    const families = familiesOf(catalogue.entries());
    if (name !== anyFamily) {
      const members = families.get(name);
      return members && [...members].reverse().map((entry) => this.#memberOf(entry, need));
    }
    const chats = catalogue.entries().filter(({ kind }) => kind === "chat");
    const bySize = [...chats].sort((a, b) => b.parameters - a.parameters || b.rank - a.rank);
    const listed = bySize.map((entry) => this.#memberOf(entry, need));
    // Nobody knows how good those are that the catalogue does not have: they come last.
    const others = served
      .list()
      .filter((model) => catalogue.find(model) === undefined && served.capabilities(model).has("chat"));
    return [...listed, ...others.map((model) => this.#servedMember(model, undefined, need))];
  }

  #memberOf(entry: ModelEntry, need: Need): Member {
    const name = this.#servedName(entry);
    if (name !== undefined && this.#deps.served.slots(name) > 0) return this.#servedMember(name, entry, need);
    const loadable = this.#loadable(entry.id);
    return {
      model: name === undefined || this.#isBetterLoaded(name, entry) ? entry.id : name,
      entry,
      capabilities: new Set(entry.capabilities),
      contextTokens: entry.contextTokens,
      isServed: false,
      // Its workers have just left, or it is on its way: nobody knows for how long.
      loadable:
        name !== undefined && loadable.kind === "no"
          ? { kind: "yes", loadMs: Number.POSITIVE_INFINITY }
          : loadable,
      expectedMs: undefined,
    };
  }

  #servedMember(model: string, entry: ModelEntry | undefined, need: Need): Member {
    const { served, outlook } = this.#deps;
    const tokens = { prompt: need.promptTokens, answer: need.maxTokens ?? usualAnswerTokens };
    return {
      model,
      entry,
      capabilities: served.capabilities(model),
      contextTokens: outlook.contextTokens(model) ?? Number.POSITIVE_INFINITY,
      isServed: served.slots(model) > 0,
      loadable: { kind: "no", reason: "its workers are away" },
      expectedMs: outlook.expectedMs(model, tokens),
    };
  }

  /** By which of its names it is served. */
  #servedName({ id, aliases = [], variants }: ModelEntry): string | undefined {
    const byVariant = variants.map((variant) => `${id}:${variant.id}`);
    return [id, ...aliases, ...byVariant].find((name) => this.#deps.served.has(name));
  }

  /** Replicas that are still loading do not say what they can do: the catalogue does. */
  #unableOnceLoaded(served: string, entry: ModelEntry | undefined, { needs }: Need): Resolved | undefined {
    if (entry === undefined || this.#deps.served.slots(served) > 0) return undefined;
    const able = new Set([...entry.capabilities, ...this.#deps.served.capabilities(served)]);
    return canDo({ capabilities: able }, needs) ? undefined : { kind: "unable", able };
  }

  /** Placement knows it by its id alone: what served it by another name has left, and may never be back. */
  #isBetterLoaded(served: string, { id }: ModelEntry): boolean {
    return served !== id && this.#deps.served.slots(served) === 0 && this.#loadable(id).kind === "yes";
  }

  #loadable(id: string): Loadable {
    return this.#deps.capacity.couldRun(id);
  }
}

function modelOf(
  model: string,
  entry: ModelEntry | undefined,
  variant?: string | undefined,
  loadMs = 0,
): ResolvedModel {
  return { kind: "model", model, entry, variant, loadMs };
}

function reasonsOf(passedOver: readonly PassedOver[]): string {
  const shown = passedOver.slice(0, maxReasons).map(({ model, reason }) => `${model}: ${reason}`);
  const more = passedOver.length > shown.length ? `; and ${passedOver.length - shown.length} more` : "";
  return `${shown.join("; ")}${more}.`;
}
