import type { Background, Capability, Clock, Log } from "@muster/base";
import { canDo } from "../core/scheduling/choose-replica.ts";
import type { Announcement, ModelDirectory, ServedModel } from "../ports/model-directory.ts";
import type { FleetRegistry } from "./fleet-registry.ts";

const announceMs = 2_000;
/** What happens at once in a large fleet is said together. */
const leastPauseMs = 100;

interface ServedModelsDeps {
  readonly fleet: FleetRegistry;
  readonly directory: ModelDirectory;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
}

/** What can be asked for here: what our own workers serve, and what other orchestrators on the same store do. */
export class ServedModels {
  readonly #deps: ServedModelsDeps;
  #stopTimer: () => void = () => {};
  #isClosed = false;
  #isAnnouncing = false;
  #announcedAtMs = Number.NEGATIVE_INFINITY;
  #more: (hasOthers: boolean) => Omit<Announcement, "served"> = () => ({
    ...{ asked: new Map(), loadable: new Map(), coming: new Map() },
  });

  constructor(deps: ServedModelsDeps) {
    this.#deps = deps;
  }

  /** Sets what else is announced, where there is anybody to hear it; called once, by the composition. */
  alsoAnnounce(more: (hasOthers: boolean) => Omit<Announcement, "served">): void {
    this.#more = more;
  }

  /** Sorted. A model whose workers have just left is still listed: they may be back before its requests give up. */
  list(): string[] {
    const { fleet, directory } = this.#deps;
    return [...new Set([...fleet.knownModels(), ...directory.elsewhere().keys()])].sort();
  }

  /** Whether `list` has it: asked for every request, so without building the list. */
  has(model: string): boolean {
    const { fleet, directory } = this.#deps;
    return fleet.serves(model) || directory.elsewhere().has(model);
  }

  /** Slots for a model, here and elsewhere. */
  slots(model: string): number {
    return this.#deps.fleet.slots(model) + (this.#deps.directory.elsewhere().get(model)?.slots ?? 0);
  }

  /** Whether a replica that can do all that is needed serves the model, here or elsewhere. */
  canDo(model: string, needs: ReadonlySet<Capability>): boolean {
    const { fleet, directory } = this.#deps;
    if (fleet.canDo(model, needs)) return true;
    const there = directory.elsewhere().get(model);
    if (there === undefined) return false;
    // What is being loaded there has yet to say what it can do.
    const { slots, capabilitySets } = there;
    return (
      (slots === 0 && capabilitySets.length === 0) ||
      capabilitySets.some((capabilities) => canDo({ capabilities }, needs))
    );
  }

  /** Everything that some replica of the model can do, here or elsewhere. */
  capabilities(model: string): ReadonlySet<Capability> {
    const { fleet, directory } = this.#deps;
    const sets = [
      ...fleet.capabilitySets(model),
      ...(directory.elsewhere().get(model)?.capabilitySets ?? []),
    ];
    return new Set(sets.flatMap((set) => [...set]));
  }

  /** What is asked of other orchestrators. */
  askedElsewhere(): ReturnType<ModelDirectory["askedElsewhere"]> {
    return this.#deps.directory.askedElsewhere();
  }

  slotsElsewhere(model: string): number {
    return this.#deps.directory.elsewhere().get(model)?.slots ?? 0;
  }

  /** Slots that other orchestrators are making ready. */
  comingElsewhere(model: string): number {
    return this.#deps.directory.comingElsewhere().get(model) ?? 0;
  }

  /** How soon a worker of another orchestrator could have loaded the model; undefined: none could. */
  loadableElsewhere(model: string): number | undefined {
    return this.#deps.directory.loadableElsewhere().get(model);
  }

  /** Tells the others soon, and then every two seconds: what changes together is told together. */
  announce(): void {
    if (this.#isClosed) return;
    const { clock } = this.#deps;
    const nowMs = clock.nowMs();
    this.#stopTimer();
    const pauseMs = this.#isAnnouncing ? leastPauseMs : this.#announcedAtMs + leastPauseMs - nowMs;
    this.#stopTimer = clock.after(pauseMs > 0 ? pauseMs : announceMs, () => this.announce());
    if (pauseMs > 0) return;
    this.#announcedAtMs = nowMs;
    this.#isAnnouncing = true;
    this.#deps.background.run("announce-models", async () => {
      const { fleet, directory, log } = this.#deps;
      try {
        const served = fleet
          .knownModels()
          .map((model): [string, ServedModel] => [
            model,
            { slots: fleet.slots(model), capabilitySets: fleet.capabilitySets(model) },
          ]);
        await directory.announce({ served: new Map(served), ...this.#more(directory.hasOthers()) });
      } catch (error) {
        // The store is away; the next announcement is two seconds off.
        log.debug({ error: String(error) }, "models not announced");
      } finally {
        this.#isAnnouncing = false;
      }
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTimer();
    await this.#deps.directory.close();
  }
}
