import type { RequestOptions, Transport } from "../http.ts";
import { withQuery } from "../query.ts";
import type { ResponseInfo } from "../response-info.ts";
import { type FileSource, rawUpload } from "../upload.ts";

/**
 * A model file that the orchestrator keeps for its workers.
 * @example const kept = status.files.filter((file) => file.pinned);
 */
export interface MirrorFile {
  /** `hf:owner/repo/file.gguf@revision`, an address, or `local:file.gguf`. */
  readonly uri: string;
  readonly bytes: number;
  readonly sha256: string;
  /** It is not removed to make room. */
  readonly pinned: boolean;
  readonly in_use: boolean;
  /** Unix seconds. */
  readonly last_used_at: number;
}

/**
 * A file on its way, or one of late that could not be had.
 * @example const failed = status.fetching.filter((file) => file.error !== null);
 */
export interface MirrorFetch {
  readonly uri: string;
  readonly done_bytes: number;
  /** Null until it is known. */
  readonly total_bytes: number | null;
  readonly error: string | null;
}

/**
 * What is on one worker's disk. `files` is null where it has not said so.
 * @example const names = disk.files?.map((file) => file.uri) ?? [];
 */
export interface WorkerDisk {
  readonly id: string;
  readonly name: string;
  readonly files:
    | readonly {
        readonly uri: string;
        readonly bytes: number;
        readonly sha256: string | null;
        readonly last_used_at: number | null;
      }[]
    | null;
  readonly fetching?: readonly MirrorFetch[];
  readonly free_disk_bytes?: number;
  readonly budget_bytes?: number | null;
}

/**
 * Model files in the orchestrator's mirror and on the workers.
 * @example const { used_bytes, budget_bytes } = await muster.mirror.retrieve();
 */
export interface MirrorStatus {
  readonly object: "mirror";
  readonly files: readonly MirrorFile[];
  readonly fetching: readonly MirrorFetch[];
  readonly used_bytes: number;
  /** Null: no limit but the disk's. */
  readonly budget_bytes: number | null;
  readonly free_disk_bytes: number;
  readonly workers: readonly WorkerDisk[];
}

/**
 * What was ordered: the files of a model, and the workers that were told.
 * @example const { files } = await muster.mirror.pull({ model: "gemma-4-e4b-it" });
 */
export interface MirrorOrder {
  readonly object: "mirror_order";
  readonly uri: string;
  readonly files: readonly string[];
  /** Their names. */
  readonly workers: readonly string[];
}

/**
 * A file to put into the mirror, where no hub can be reached. A stream is sent as it comes.
 * @example const upload: MirrorUpload = { file: createReadStream(path), name: "a.gguf", bytes: size, sha256 };
 */
export interface MirrorUpload {
  readonly file: FileSource;
  /** What it is kept as, unless a model that the orchestrator knows has this content. */
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal: what arrives otherwise is refused. */
  readonly sha256?: string | undefined;
}

/**
 * `muster.mirror`: model files in the office.
 * @example await muster.mirror.pull({ model: "gemma-4-e4b-it", workers: true });
 */
export interface MirrorResource {
  /**
   * What there is, and what is on its way. Rejects with a NotFoundError where the orchestrator has no mirror.
   * @example const { files } = await muster.mirror.retrieve();
   */
  retrieve(options?: RequestOptions): Promise<MirrorStatus & ResponseInfo>;
  /**
   * Gets a model, by name or URI, into the mirror; with `workers` onto those that could run it as well. Resolves as soon
   * as it has begun: `retrieve` tells how far it is.
   * @example await muster.mirror.pull({ model: "hf:owner/repo/file.gguf" });
   */
  pull(
    order: { readonly model: string; readonly workers?: boolean | undefined },
    options?: RequestOptions,
  ): Promise<MirrorOrder & ResponseInfo>;
  /**
   * Says whether a model's files may be removed to make room.
   * @example await muster.mirror.pin({ model: "gemma-4-e4b-it", pinned: true });
   */
  pin(
    order: { readonly model: string; readonly pinned: boolean },
    options?: RequestOptions,
  ): Promise<{ readonly files: readonly string[]; readonly pinned: boolean } & ResponseInfo>;
  /**
   * Removes a model from the mirror; with `workers` from their disks as well, where it is not loaded.
   * @example await muster.mirror.delete("hf:owner/repo/file.gguf");
   */
  delete(
    model: string,
    settings?: { readonly workers?: boolean | undefined },
    options?: RequestOptions,
  ): Promise<MirrorOrder & { readonly deleted: boolean } & ResponseInfo>;
  /**
   * Puts a file into the mirror. Rejects with a BadRequestError for what is no model file.
   * @example await muster.mirror.upload({ file: createReadStream(path), name: "a.gguf", bytes: size });
   */
  upload(
    upload: MirrorUpload,
    options?: RequestOptions,
  ): Promise<{ readonly uri: string; readonly bytes: number; readonly sha256: string } & ResponseInfo>;
}

const all = "/cluster/v1/mirror";

export function createMirror(transport: Transport): MirrorResource {
  return {
    retrieve: (options) => transport.json<MirrorStatus>({ method: "GET", path: all, options }),
    pull: (body, options) =>
      transport.json<MirrorOrder>({ method: "POST", path: `${all}/pull`, body, options }),
    pin: (body, options) => transport.json({ method: "POST", path: `${all}/pin`, body, options }),
    // A URI has slashes in a row, which a path must not.
    delete: async (model, { workers } = {}, options) =>
      transport.json({
        method: "DELETE",
        path: withQuery(`${all}/models/${segment(model)}`, workers ? { workers: "true" } : {}),
        options,
      }),
    upload: async ({ file, name, bytes, sha256 }, options) =>
      transport.json({
        method: "PUT",
        path: withQuery(`${all}/files/${segment(name)}`, { bytes, sha256 }),
        upload: rawUpload(file),
        options,
      }),
  };
}

function segment(text: string): string {
  if (text === "" || text === "." || text === "..")
    throw new TypeError(`"${text}" cannot be the name of a model or file.`);
  return encodeURIComponent(text);
}
