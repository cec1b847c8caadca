import { type Background, type Log, MusterError } from "@muster/base";
import { type ExpectedFile, isFetched, isOwnAddress, modelSources, parseModelUri } from "@muster/models";
import type { WorkerView } from "../core/fleet/worker.ts";
import type { FindableModel, ModelFinder } from "../ports/model-finder.ts";
import type { FleetRegistry } from "./fleet-registry.ts";
import type { KnownFiles } from "./known-files.ts";
import type { Mirror, MirrorStatus } from "./mirror.ts";

export interface PullOrder {
  /** Of the whole model, as it was found. */
  readonly uri: string;
  /** The files that the mirror gets. */
  readonly files: readonly string[];
  /** Names of the workers that were told to get it as well. */
  readonly workers: readonly string[];
}

export interface MirrorDeskDeps {
  readonly mirror: Mirror;
  readonly models: ModelFinder;
  readonly known: KnownFiles;
  readonly fleet: FleetRegistry;
  readonly background: Background;
  readonly log: Log;
}

/** Files that administrators have asked for and that have yet to come; the largest model has 512. */
const maxPulls = 2_000;

/** Model files by name, for administrators: in the mirror and on the workers. */
export class MirrorDesk {
  readonly #deps: MirrorDeskDeps;
  #pulls = 0;

  constructor(deps: MirrorDeskDeps) {
    this.#deps = deps;
  }

  status(): Promise<MirrorStatus> {
    return this.#deps.mirror.status();
  }

  /** Starts to get a model, and says which files that are. Throws `model_not_found` for a name that nobody knows. */
  pull(nameOrUri: string, { toWorkers }: { readonly toWorkers: boolean }): PullOrder {
    const { known, mirror, background, fleet } = this.#deps;
    const model = this.#find(nameOrUri);
    known.note(model);
    const files = modelSources(model.uri);
    if (this.#pulls + files.length > maxPulls)
      throw new MusterError(
        "queue_full",
        `${this.#pulls} files wait to be fetched already: try again later.`,
      );
    for (const uri of files) {
      this.#pulls += 1;
      // A failure is told by the mirror's status.
      background.run("pull", () =>
        mirror
          .pull(uri, known.find(uri) ?? {}, new AbortController().signal)
          .catch(() => {})
          .finally(() => {
            this.#pulls -= 1;
          }),
      );
    }
    const workers = toWorkers ? fleet.workers().filter(couldRun) : [];
    const { uri: modelUri, sha256, bytes } = model;
    for (const { id } of workers) fleet.linkTo(id)?.send({ kind: "fetch", modelUri, sha256, bytes });
    return { uri: modelUri, files, workers: workers.map(({ name }) => name) };
  }

  /** Takes a model off the mirror's disk, and off the workers' where it is not loaded. Throws `not_found`. */
  async remove(nameOrUri: string, { fromWorkers }: { readonly fromWorkers: boolean }): Promise<PullOrder> {
    const { mirror, fleet } = this.#deps;
    const { uri } = this.#find(nameOrUri);
    const files = modelSources(uri);
    const having = fromWorkers ? fleet.workers().filter((worker) => has(worker, files)) : [];
    for (const { id } of having) fleet.linkTo(id)?.send({ kind: "forget", modelUri: uri });
    const removed = await Promise.allSettled(files.map((file) => mirror.remove(file)));
    const failure = removed.find((each) => each.status === "rejected");
    const isGone = MusterError.from(failure?.reason).code === "not_found" && having.length > 0;
    if (failure !== undefined && !isGone) throw failure.reason;
    return { uri, files, workers: having.map(({ name }) => name) };
  }

  async setPinned(nameOrUri: string, isPinned: boolean): Promise<readonly string[]> {
    const files = modelSources(this.#find(nameOrUri).uri);
    for (const file of files) await this.#deps.mirror.setPinned(file, isPinned);
    return files;
  }

  /** Takes a file in: as what a model's entry calls it, else under its own name. */
  async receive(
    chunks: AsyncIterable<Uint8Array>,
    options: { readonly name: string; readonly expected: ExpectedFile; readonly signal: AbortSignal },
  ) {
    const { mirror, models } = this.#deps;
    const { name, expected, signal } = options;
    const local = `local:${name}`;
    // Before the file is sent, and not after.
    requireUri(local);
    return await mirror.receive(chunks, {
      ...{ expected, signal },
      name: (file) => models.match({ ...file, name }) ?? local,
    });
  }

  #find(nameOrUri: string): FindableModel {
    const [found] = this.#deps.models.find(nameOrUri);
    if (found !== undefined) return found;
    if (/^(hf|https?|local):/i.test(nameOrUri)) {
      requireUri(nameOrUri);
      return { uri: nameOrUri };
    }
    throw new MusterError(
      "model_not_found",
      `There is no model "${nameOrUri.slice(0, 128)}". Give the name of one that this orchestrator knows, or hf:owner/repo/file.gguf.`,
      { param: "model" },
    );
  }
}

/** Throws `invalid_request` for what is no file of a hub. */
function requireUri(uri: string): void {
  if (isFetched(parseModelUri(uri)) && !isOwnAddress(uri.trim())) return;
  throw new MusterError("invalid_request", `"${uri.slice(0, 128)}" is no file that is fetched.`, {
    param: "model",
  });
}

/** What a worker does with its files is its engine's affair; one that takes no orders from here has its own. */
function couldRun(worker: WorkerView): boolean {
  return worker.takesPlacement && worker.state !== "lost" && worker.state !== "draining";
}

function has(worker: WorkerView, files: readonly string[]): boolean {
  return worker.state !== "lost" && (worker.inventory?.models ?? []).some(({ uri }) => files.includes(uri));
}
