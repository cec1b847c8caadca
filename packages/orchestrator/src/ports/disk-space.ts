export interface DiskSpace {
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

/** What of the disk that a directory is on is free to us; undefined where that cannot be told. Never rejects. */
export type ReadDiskSpace = (directory: string) => Promise<DiskSpace | undefined>;
