import type { Capability } from "@muster/base";
import { canDo } from "../core/scheduling/choose-replica.ts";
import type { ReplicaEntry } from "./fleet-entries.ts";

type Capabilities = ReadonlySet<Capability>;

/** The replicas of each model, and how many slots they have: asked for with every request, so kept ready. */
export class ModelIndex {
  readonly #replicas = new Map<string, readonly ReplicaEntry[]>();
  readonly #slots = new Map<string, number>();
  /** There are no more than combinations of capabilities. */
  readonly #capabilities = new Map<string, Capabilities>();

  add(replica: ReplicaEntry): void {
    const { model } = replica.report;
    this.#replicas.set(model, [...this.of(model), replica]);
    this.#slots.delete(model);
  }

  remove(replica: ReplicaEntry): void {
    const { model } = replica.report;
    const others = this.of(model).filter((other) => other !== replica);
    if (others.length > 0) this.#replicas.set(model, others);
    else this.#replicas.delete(model);
    this.#slots.delete(model);
  }

  /** Another number of replicas of the model takes work. */
  changed(model: string): void {
    this.#slots.delete(model);
    for (const replica of this.of(model)) replica.refresh();
  }

  /** The list is never changed: who holds it sees the replicas that there were. */
  of(model: string): readonly ReplicaEntry[] {
    return this.#replicas.get(model) ?? [];
  }

  /** One set for all replicas that can do the same: it need not be looked through for each. */
  shared(capabilities: Capabilities): Capabilities {
    const name = [...capabilities].sort().join(" ");
    const known = this.#capabilities.get(name) ?? capabilities;
    this.#capabilities.set(name, known);
    return known;
  }

  /** Whether a replica can do all that is needed, or may be able to once it has loaded. */
  canDo(model: string, needs: Capabilities): boolean {
    return this.of(model).some((replica) => {
      const { state } = replica.report;
      return state === "fetching" || state === "loading" || canDo(replica, needs);
    });
  }

  /** What the replicas of a model can do, each kind once; one that its owner has put away can do it again later. */
  capabilitySets(model: string): Capabilities[] {
    const sets = new Set<Capabilities>();
    for (const { report, capabilities } of this.of(model))
      if (report.state === "ready" || report.state === "unloaded") sets.add(capabilities);
    return [...sets];
  }

  models(): Iterable<string> {
    return this.#replicas.keys();
  }

  /** Of replicas that take work; of those that are ejected only where all are. */
  slots(model: string): number {
    const known = this.#slots.get(model);
    if (known !== undefined) return known;
    let well = 0;
    let ill = 0;
    for (const replica of this.of(model)) {
      if (!replica.isAccepting) continue;
      if (replica.health.isOpen) ill += replica.slots;
      else well += replica.slots;
    }
    const slots = well > 0 ? well : ill;
    if (this.#replicas.has(model)) this.#slots.set(model, slots);
    return slots;
  }
}
