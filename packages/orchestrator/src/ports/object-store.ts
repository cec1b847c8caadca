export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAtMs: number;
}

export interface AppendLog {
  /**
   * Durable when it resolves, with where it lies. Calls are carried out one after the other. Throws `store_full` and
   * `store_unavailable`: then nothing of it counts, though a torn rest may lie at the end of a piece, and what is
   * appended next goes to a new piece.
   */
  append(content: Uint8Array): Promise<{ readonly key: string; readonly offset: number }>;
  close(): Promise<void>;
}

/**
 * Files of batches: durable, and the same for every orchestrator. Keys are names of `A-Z a-z 0-9 . _ -` joined by
 * slashes, none of them `.` or `..`; any other is refused with `invalid_request`. All methods throw
 * `store_unavailable` when the store cannot be reached and `store_full` when it has no room.
 */
export interface ObjectStore {
  /**
   * Streams an object in; it is seen only whole and durable, and replaces one of the same key. Throws
   * `request_too_large` beyond `limitBytes`, and what `content` throws: nothing remains then.
   */
  put(
    key: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { readonly limitBytes?: number },
  ): Promise<{ readonly bytes: number }>;
  /** False if there is one of that key already. Of several at once exactly one wins. */
  putIfAbsent(key: string, content: Uint8Array): Promise<boolean>;
  head(key: string): Promise<ObjectInfo | undefined>;
  /** All of an object, or `length` bytes from `offset` (fewer at its end). Undefined where there is none. */
  get(
    key: string,
    range?: { readonly offset: number; readonly length: number },
  ): Promise<Uint8Array | undefined>;
  /** Streams an object out. Throws `not_found`. */
  read(key: string, options?: { readonly offset?: number }): AsyncIterable<Uint8Array>;
  /** The objects whose keys begin with `prefix` (which ends with a slash), by key, those after `after` only. */
  list(prefix: string, options?: { readonly after?: string }): AsyncIterable<ObjectInfo>;
  /** Without effect where there is none. */
  remove(key: string): Promise<void>;
  /** Removes everything below `prefix`, which ends with a slash. */
  removeAll(prefix: string): Promise<void>;
  /** A log whose pieces are objects `<key>/<number>`, readable while it grows. One writer per key. */
  openLog(key: string): AppendLog;
  /** What can still be written; undefined where there is no telling. */
  freeBytes(): Promise<number | undefined>;
  close(): Promise<void>;
}
