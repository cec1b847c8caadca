/** One file on disk that was fetched, or taken in. */
export interface ShelvedFile {
  /** As `formatModelUri` writes it. */
  readonly source: string;
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly lastUsedMs: number;
  /** People want it to stay. */
  readonly isPinned: boolean;
  /** It is loaded, read or being replaced, here or by another process on this machine. */
  readonly isHeld: boolean;
}

export interface ShelfSpace {
  readonly freeDiskBytes: number;
  /** Taken by model files and by unfinished ones. */
  readonly usedBytes: number;
  /** Undefined: no limit but the disk's. */
  readonly budgetBytes: number | undefined;
}

/** Model files as things that take room: which are there, when they were used, which may go. */
export interface ModelShelf {
  files(): Promise<readonly ShelvedFile[]>;
  space(): Promise<ShelfSpace>;
  /**
   * Sees to it that a file of `totalBytes` can be written at `target`, and keeps that room until `settle`: removes the files
   * that were not used for longest, never one that is held, pinned or not ours. Throws MusterError `store_full`.
   */
  makeRoom(target: string, totalBytes: number): Promise<void>;
  /** The writing at `target` is over, one way or the other. */
  settle(target: string): void;
  /** Removes files until the limits hold again, where that can be. */
  trim(): Promise<void>;
  /** Keeps a file from being removed; the result lets it go, and counts as its last use. */
  hold(path: string): () => void;
  /** It was used just now. */
  touch(path: string): Promise<void>;
  setPinned(path: string, isPinned: boolean): Promise<void>;
  /** Takes a file and all that is known of it off the disk. */
  remove(path: string): Promise<"removed" | "held" | "missing">;
}
