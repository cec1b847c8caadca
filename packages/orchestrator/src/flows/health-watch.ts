import type { Background, Clock } from "@muster/base";
import type { DiskSpace, ReadDiskSpace } from "../ports/disk-space.ts";
import type { StoreHealth, StoreLook } from "../ports/store-health.ts";

/** What was seen of the orchestrator's surroundings at the last look. */
export interface HealthView {
  /** Undefined: it did not answer. */
  readonly store: StoreLook | undefined;
  /** By what is there: objects, mirror, data. */
  readonly disks: ReadonlyMap<string, DiskSpace>;
  /** When each certificate ends, in Unix time. */
  readonly certificates: ReadonlyMap<string, number>;
  readonly unreadableRecords: number;
}

interface HealthWatchDeps {
  readonly store: StoreHealth;
  readonly readDiskSpace: ReadDiskSpace;
  /** Directories by what is there. */
  readonly directories: ReadonlyMap<string, string>;
  readonly certificates: () => ReadonlyMap<string, number>;
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
  #stopTimer: () => void = () => {};
  #isStopped = false;

  constructor(deps: HealthWatchDeps) {
    this.#deps = deps;
  }

  /** Resolves after the first look; the next ones come by themselves. */
  async start(): Promise<void> {
    await this.#look();
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopTimer();
    this.#deps.store.close();
  }

  latest(): HealthView {
    return {
      store: this.#store,
      disks: this.#disks,
      certificates: this.#deps.certificates(),
      unreadableRecords: this.#deps.unreadableRecords(),
    };
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#stopTimer = this.#deps.clock.after(lookMs, () =>
      this.#deps.background.run("health", async () => {
        await this.#look();
        this.#schedule();
      }),
    );
  }

  async #look(): Promise<void> {
    const { store, readDiskSpace, directories } = this.#deps;
    const disks = new Map<string, DiskSpace>();
    const [seen] = await Promise.all([
      store.look(),
      ...Array.from(directories, async ([volume, directory]) => {
        const space = await readDiskSpace(directory);
        if (space !== undefined) disks.set(volume, space);
      }),
    ]);
    this.#store = seen;
    this.#disks = disks;
  }
}
