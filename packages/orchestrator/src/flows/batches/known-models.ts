import { type Capability, type Clock, isCapability, type Log } from "@muster/base";
import { objectKeys } from "../../core/batches/keys.ts";
import { canDo } from "../../core/scheduling/choose-replica.ts";
import type { Digest } from "../../ports/digest.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { ServedModels } from "../served-models.ts";
import { jsonBytes, readRecord } from "./stored-json.ts";

/** A model that nobody has served for longer is not waited for. */
const keptMs = 30 * 86_400_000;
/** How often it is written down that a model is still there. */
const refreshMs = 86_400_000;

interface SeenModel {
  readonly model: string;
  readonly capabilities: readonly string[];
  readonly seenAtMs: number;
}

interface KnownModelsDeps {
  readonly store: ObjectStore;
  readonly served: ServedModels;
  readonly digest: Digest;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The models that batches may ask for: those that are served, and those that were lately. Desktops are away by day and
 * here by night; a batch that is handed in between must not fail for it.
 */
export class KnownModels {
  readonly #deps: KnownModelsDeps;
  readonly #seen = new Map<string, SeenModel>();

  constructor(deps: KnownModelsDeps) {
    this.#deps = deps;
  }

  /** Writes down what is served now, and reads what others have. Never rejects. */
  async refresh(): Promise<void> {
    const { store, served, digest, clock, log } = this.#deps;
    try {
      for (const model of served.list()) {
        const capabilities = [...served.capabilities(model)].sort();
        const known = this.#seen.get(model);
        const isFresh = known !== undefined && clock.wallMs() - known.seenAtMs < refreshMs;
        if (capabilities.length === 0 || (isFresh && known.capabilities.join() === capabilities.join()))
          continue;
        const seen: SeenModel = { model, capabilities, seenAtMs: clock.wallMs() };
        await store.put(objectKeys.knownModel(digest(model)), jsonBytes(seen));
        this.#seen.set(model, seen);
      }
      for await (const { key } of store.list(objectKeys.knownModels)) {
        const seen = await readRecord<SeenModel>(store, key, ["model", "capabilities", "seenAtMs"]);
        if (seen !== undefined) this.#note(seen);
      }
    } catch (error) {
      log.warn({ error: String(error) }, "known models not refreshed");
    }
  }

  has(model: string): boolean {
    return this.#deps.served.has(model) || this.#lately(model) !== undefined;
  }

  list(): string[] {
    const lately = [...this.#seen.keys()].filter((model) => this.#lately(model) !== undefined);
    return [...new Set([...this.#deps.served.list(), ...lately])].sort();
  }

  canDo(model: string, needs: ReadonlySet<Capability>): boolean {
    return this.#deps.served.canDo(model, needs) || canDo({ capabilities: this.capabilities(model) }, needs);
  }

  capabilities(model: string): ReadonlySet<Capability> {
    const lately = this.#lately(model)?.capabilities ?? [];
    return new Set([...this.#deps.served.capabilities(model), ...lately.filter(isCapability)]);
  }

  /** None while its workers are away. */
  slots(model: string): number {
    return this.#deps.served.slots(model);
  }

  #lately(model: string): SeenModel | undefined {
    const seen = this.#seen.get(model);
    return seen !== undefined && this.#deps.clock.wallMs() - seen.seenAtMs < keptMs ? seen : undefined;
  }

  #note(seen: SeenModel): void {
    const known = this.#seen.get(seen.model);
    if (known === undefined || known.seenAtMs < seen.seenAtMs) this.#seen.set(seen.model, seen);
  }
}
