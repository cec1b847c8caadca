import type { Background, Clock } from "@muster/base";
import type { DiskSpace, ReadDiskSpace } from "../ports/disk-space.ts";
import type { StoreHealth, StoreLook } from "../ports/store-health.ts";

/** What was seen of the orchestrator's surroundings at the last look. */
export interface HealthView {
  /** Undefined: it did not answer. */
  readonly store: StoreLook | undefined;
  /** By what is there: objects, mirror, data. */
  readonly disks: ReadonlyMap<string, DiskSpace>;
  /** Why the object store does not answer; undefined: it does. */
  readonly objectStoreProblem: string | undefined;
  /** When each certificate ends that is shown, in Unix time. */
  readonly certificates: ReadonlyMap<string, number>;
  /** When the last authority ends that workers believe, in Unix time; undefined: there is none. */
  readonly trustEndsAtMs: number | undefined;
  readonly unreadableRecords: number;
}

interface HealthWatchDeps {
  readonly store: StoreHealth;
  readonly readDiskSpace: ReadDiskSpace;
  /** Directories by what is there. */
  readonly directories: ReadonlyMap<string, string>;
  /** Settles in some seconds, and never rejects. */
  readonly objectStoreProblem: () => Promise<string | undefined>;
  readonly certificates: () => ReadonlyMap<string, number>;
  readonly trustEndsAtMs: () => number | undefined;
  readonly unreadableRecords: () => number;
  readonly clock: Clock;
  readonly background: Background;
}

const lookMs = 10_000;

/** Looks now and then, so that nobody who wants to know has to wait for a store or a disk. */
export class HealthWatch {
  readonly #deps: HealthWatchDeps;
  #store: StoreLook | undefined;
  #disks: ReadonlyMap<string, DiskSpace> = new Map();
  #objectStoreProblem: string | undefined;
  #stopTimer: () => void = () => {};
  #isStopped = false;

  constructor(deps: HealthWatchDeps) {
    this.#deps = deps;
  }

  /** Resolves after the first look at what answers soon; the next ones come by themselves. */
  async start(): Promise<void> {
    await this.#look();
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopTimer();
    this.#deps.store.close();
  }

  latest(): HealthView {
    const { certificates, trustEndsAtMs, unreadableRecords } = this.#deps;
    return {
      store: this.#store,
      disks: this.#disks,
      objectStoreProblem: this.#objectStoreProblem,
      certificates: certificates(),
      trustEndsAtMs: trustEndsAtMs(),
      unreadableRecords: unreadableRecords(),
    };
  }

  /** An object store may take its time: only the next look waits for it. */
  async #look(): Promise<void> {
    const { background, clock } = this.#deps;
    const soon = Promise.all([this.#lookAtStore(), this.#lookAtDisks()]);
    background.run("health", async () => {
      await Promise.all([soon, this.#lookAtObjects()]);
      if (this.#isStopped) return;
      this.#stopTimer = clock.after(lookMs, () => background.run("health", () => this.#look()));
    });
    await soon;
  }

  async #lookAtStore(): Promise<void> {
    this.#store = await this.#deps.store.look();
  }

  async #lookAtDisks(): Promise<void> {
    const { readDiskSpace, directories } = this.#deps;
    const disks = new Map<string, DiskSpace>();
    await Promise.all(
      Array.from(directories, async ([volume, directory]) => {
        const space = await readDiskSpace(directory);
        if (space !== undefined) disks.set(volume, space);
      }),
    );
    this.#disks = disks;
  }

  async #lookAtObjects(): Promise<void> {
    this.#objectStoreProblem = await this.#deps.objectStoreProblem();
  }
}
