import { type Background, type Clock, type Log, MusterError } from "@muster/base";
import {
  defaultModelName,
  entryFromHeader,
  type FoundModel,
  familiesOf,
  findModel,
  type InspectedModel,
  type MemoryProfile,
  type ModelEntry,
  type ModelInspector,
  type ModelVariant,
  memoryProfile,
  parseModelUri,
} from "@muster/models";
import {
  checkAddress,
  checkFamily,
  checkNewId,
  checkPin,
  rankIn,
} from "../../core/catalogue/catalogue-names.ts";
import type { Pin } from "../../core/placement/fleet-state.ts";
import type { CatalogueRecords, CatalogueStore } from "./catalogue-records.ts";
import type { SeenFileRecord } from "./read-records.ts";

export interface CatalogueModel {
  readonly entry: ModelEntry;
  readonly pin: Pin | undefined;
}

export interface ModelToAdd {
  readonly uri: string;
  /** Undefined: taken from the file's name. */
  readonly id?: string | undefined;
  /** Undefined: it is alone in its own. */
  readonly family?: string | undefined;
}

interface ModelCatalogueDeps {
  readonly records: CatalogueStore;
  readonly inspector: ModelInspector;
  readonly builtIn: readonly ModelEntry[];
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
}

/** How long a change that another orchestrator has made may take to be seen here. */
const refreshMs = 30_000;
const maxAdded = 500;
/** Files that are looked at for administrators at once: a header is kept in memory while it is read. */
const maxLooks = 4;

/** The models that can be asked for by name: what Muster knows, what administrators have added, and their pins. */
export class ModelCatalogue {
  readonly #deps: ModelCatalogueDeps;
  #records: CatalogueRecords = { added: [], pins: [], seen: [] };
  #entries: readonly ModelEntry[];
  #models: readonly CatalogueModel[];
  #turn: Promise<void> = Promise.resolve();
  #looks = 0;
  #stopTimer: () => void = () => {};
  #onChange: () => void = () => {};

  constructor(deps: ModelCatalogueDeps) {
    this.#deps = deps;
    this.#entries = deps.builtIn;
    this.#models = deps.builtIn.map((entry) => ({ entry, pin: undefined }));
  }

  /** Sets who is told when models or pins have changed, here or elsewhere; called once, by the composition. */
  notify(onChange: () => void): void {
    this.#onChange = onChange;
  }

  /** Reads what was changed, now and then every half minute. Where the store is away the built-in list has to do. */
  async start(): Promise<void> {
    await this.#refreshOrWarn();
    this.#schedule();
  }

  stop(): void {
    this.#stopTimer();
    this.#schedule = () => {};
  }

  list(): readonly CatalogueModel[] {
    return this.#models;
  }

  entries(): readonly ModelEntry[] {
    return this.#entries;
  }

  /** By id, alias, or either with `:variant`. */
  find(name: string): FoundModel | undefined {
    return findModel(this.#entries, name);
  }

  pinOf(id: string): Pin | undefined {
    return this.#models.find(({ entry }) => entry.id === id)?.pin;
  }

  /**
   * Looks at the file itself, and takes up what its header says. Throws `invalid_request` for a name that is taken or
   * a file that is no model, `model_load_failed` for one that cannot be read, and what the store throws.
   */
  async add(asked: ModelToAdd, signal: AbortSignal): Promise<CatalogueModel> {
    const { records, clock, log } = this.#deps;
    const address = parseModelUri(asked.uri);
    checkAddress(address);
    const id = asked.id ?? defaultModelName(address);
    const family = asked.family ?? id;
    await this.refresh();
    this.#checkNames(id, family);
    const seen = await this.#lookAt(asked.uri, signal);
    const profile = profileOf(seen);
    const draft = entryFromHeader({ ...seen, id, family, rank: 1, profile });
    const members = familiesOf(this.#entries).get(family) ?? [];
    if (members.some(({ kind }) => kind !== draft.kind))
      throw wrong("family", `the models of "${family}" are of the kind ${members[0]?.kind}, and this is not`);
    const entry = { ...draft, rank: rankIn(members, draft.parameters) };
    if (!(await records.add({ entry, addedAtMs: clock.wallMs() })))
      throw wrong("id", `"${id}" has just been added by somebody else`);
    log.info({ model: id, bytes: seen.bytes, architecture: profile.architecture }, "model added");
    await this.refresh();
    return { entry, pin: undefined };
  }

  async #lookAt(uri: string, signal: AbortSignal): Promise<InspectedModel> {
    if (this.#looks >= maxLooks)
      throw new MusterError(
        "queue_full",
        `${maxLooks} models are being added already: try again in a while.`,
      );
    this.#looks += 1;
    try {
      return await this.#deps.inspector.inspect(uri, signal);
    } finally {
      this.#looks -= 1;
    }
  }

  /** Takes an added model and its pin away; files and replicas stay where they are. Throws `not_found`. */
  async remove(id: string): Promise<void> {
    const entry = this.require(id);
    if (entry.origin === "built-in")
      throw wrong("id", `"${entry.id}" comes with Muster and stays in the catalogue; it can be unpinned`);
    await this.#deps.records.remove(entry.id);
    await this.refresh();
  }

  /** Throws `not_found` and `invalid_request`. */
  async pin(id: string, { replicas, labels }: Pin): Promise<CatalogueModel> {
    const entry = this.require(id);
    const pin: Pin = { replicas, labels };
    checkPin(pin);
    await this.#deps.records.pin({ model: entry.id, ...pin });
    await this.refresh();
    return { entry, pin };
  }

  /** Without effect where there is no pin. */
  async unpin(id: string): Promise<CatalogueModel> {
    const entry = this.require(id);
    await this.#deps.records.unpin(entry.id);
    await this.refresh();
    return { entry, pin: undefined };
  }

  /**
   * A variant as its file really is: what the built-in list says is believed until somebody wants to load it. Read once
   * and then kept. Throws `not_found`, and what is wrong with the file.
   */
  async confirm(id: string, variantId: string, signal: AbortSignal): Promise<ModelVariant> {
    const entry = this.require(id);
    const variant = entry.variants.find((each) => each.id === variantId);
    if (variant === undefined) {
      throw new MusterError(
        "not_found",
        `"${entry.id}" has no variant "${variantId.slice(0, 64)}". It has: ${entry.variants.map((each) => each.id).join(", ")}.`,
      );
    }
    if (entry.origin === "added" || this.#seenFile(entry.id, variant) !== undefined) return variant;
    const { inspector, records, clock, log } = this.#deps;
    const { bytes, sha256, ...seen } = await inspector.inspect(variant.uri, signal);
    const profile = profileOf(seen);
    if (variant.bytes !== undefined && variant.bytes !== bytes)
      log.info({ model: id, variant: variantId, listed: variant.bytes, bytes }, "a file has another size");
    const uri = variant.uri;
    const readAtMs = clock.wallMs();
    await records.saw({ model: entry.id, variant: variantId, uri, bytes, sha256, profile, readAtMs });
    await this.refresh();
    return { ...variant, bytes, sha256, profile };
  }

  /** Reads all records again; one after the other, so that what is older never replaces what is newer. */
  refresh(): Promise<void> {
    const turn = this.#turn.catch(() => {}).then(() => this.#load());
    this.#turn = turn;
    return turn;
  }

  async #load(): Promise<void> {
    const before = JSON.stringify(this.#records);
    this.#records = await this.#deps.records.load();
    if (JSON.stringify(this.#records) === before) return;
    const { added, pins } = this.#records;
    const builtIn = this.#deps.builtIn.map((entry) => this.#asSeen(entry));
    const known = new Set(builtIn.map(({ id }) => id));
    // A model that a newer Muster brings along replaces one that was added by its name.
    this.#entries = [...builtIn, ...added.map(({ entry }) => entry).filter(({ id }) => !known.has(id))];
    const pinOf = new Map(pins.map(({ model, replicas, labels }) => [model, { replicas, labels }]));
    this.#models = this.#entries.map((entry) => ({ entry, pin: pinOf.get(entry.id) }));
    this.#onChange();
  }

  #asSeen(entry: ModelEntry): ModelEntry {
    const variants = entry.variants.map((variant): ModelVariant => {
      const seen = this.#seenFile(entry.id, variant);
      if (seen === undefined) return variant;
      return { ...variant, bytes: seen.bytes, sha256: seen.sha256, profile: seen.profile };
    });
    return { ...entry, variants };
  }

  #seenFile(model: string, { id, uri }: ModelVariant): SeenFileRecord | undefined {
    return this.#records.seen.find((seen) => seen.model === model && seen.variant === id && seen.uri === uri);
  }

  #checkNames(id: string, family: string): void {
    checkNewId(id, this.#entries);
    checkFamily(family, { id, entries: this.#entries });
    if (this.#records.added.length >= maxAdded)
      throw wrong("uri", `${maxAdded} models were added already. Remove some`);
  }

  /** Throws `not_found`. */
  require(name: string): ModelEntry {
    const found = this.find(name);
    if (found !== undefined) return found.entry;
    throw new MusterError(
      "not_found",
      `There is no model "${name.slice(0, 128)}" in the catalogue. GET /cluster/v1/models lists it.`,
    );
  }

  async #refreshOrWarn(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      this.#deps.log.warn({ error: String(error) }, "catalogue not refreshed");
    }
  }

  #schedule = (): void => {
    this.#stopTimer = this.#deps.clock.after(refreshMs, () => {
      this.#deps.background.run("catalogue", () => this.#refreshOrWarn());
      this.#schedule();
    });
  };
}

function profileOf({ header, parts }: Pick<InspectedModel, "header" | "parts">): MemoryProfile {
  const result = memoryProfile(header, parts);
  if (result.kind === "profile") return result.profile;
  throw wrong("uri", `this model's need of memory cannot be told: ${result.reason}`);
}

function wrong(param: string, why: string): MusterError {
  return new MusterError("invalid_request", `"${param}" is wrong: ${why}.`, { param });
}
