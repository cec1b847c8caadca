import { pathOf } from "../base-url.ts";
import type { RequestOptions, Transport } from "../http.ts";
import { withQuery } from "../query.ts";
import type { ResponseInfo } from "../response-info.ts";
import { type FileSource, formUpload } from "../upload.ts";
import { type FileContent, fileContent } from "./file-content.ts";
import type { List } from "./models.ts";

/**
 * A file that the server keeps: what a batch reads, or what it has written.
 * @example console.log(`${file.filename}: ${file.bytes} bytes`);
 */
export interface FileObject {
  readonly id: string;
  readonly object: "file";
  readonly bytes: number;
  /** Unix seconds. */
  readonly created_at: number;
  /** Unix seconds; null where it stays until it is deleted. */
  readonly expires_at?: number | null;
  readonly filename: string;
  readonly purpose: "batch" | "batch_output";
  readonly status?: string;
}

/**
 * A file to send. A stream is sent as it comes, and never a second time: what it holds need not fit in memory.
 * @example const upload: FileUpload = { file: createReadStream("lines.jsonl"), filename: "lines.jsonl" };
 */
export interface FileUpload {
  /** A string or bytes are the content itself. */
  readonly file: FileSource;
  /** Default: the name of a File, else `batch.jsonl`. */
  readonly filename?: string | undefined;
  readonly purpose?: "batch" | undefined;
  /** How long the server keeps it. Default: until it is deleted. */
  readonly expires_after?: { readonly anchor: "created_at"; readonly seconds: number } | undefined;
}

/**
 * Which files to list.
 * @example const { data } = await muster.files.list({ purpose: "batch_output", limit: 20 });
 */
export interface FileQuery {
  /** The id of the last file of the page before. */
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
  /** By age. Default: newest first. */
  readonly order?: "asc" | "desc" | undefined;
  readonly purpose?: "batch" | "batch_output" | undefined;
}

/**
 * `muster.files`.
 * @example const file = await muster.files.create({ file: lines.join("\n") });
 */
export interface Files {
  /**
   * Sends a file. Rejects with a MusterApiError, or with what reading the source threw.
   * @example const file = await muster.files.create({ file: await openAsBlob("lines.jsonl"), filename: "lines.jsonl" });
   */
  create(upload: FileUpload, options?: RequestOptions): Promise<FileObject & ResponseInfo>;
  /**
   * A page of the files that there are. Rejects with a MusterApiError.
   * @example const ids = (await muster.files.list()).data.map((file) => file.id);
   */
  list(query?: FileQuery, options?: RequestOptions): Promise<List<FileObject> & ResponseInfo>;
  /**
   * One file, without what is in it. Rejects with a NotFoundError where there is none.
   * @example const { bytes } = await muster.files.retrieve(id);
   */
  retrieve(id: string, options?: RequestOptions): Promise<FileObject & ResponseInfo>;
  /**
   * What is in a file, to be read as a stream.
   * @example const text = await muster.files.content(id).text();
   */
  content(id: string, options?: RequestOptions): FileContent;
  /**
   * Deletes a file. Rejects with a NotFoundError where there is none.
   * @example await muster.files.delete(file.id);
   */
  delete(id: string, options?: RequestOptions): Promise<DeletedFile & ResponseInfo>;
}

/**
 * Says that a file is gone.
 * @example const { deleted } = await muster.files.delete(file.id);
 */
export interface DeletedFile {
  readonly id: string;
  readonly object: "file";
  readonly deleted: boolean;
}

const all = "/v1/files";

export function createFiles(transport: Transport): Files {
  return {
    create: async (given, options) =>
      transport.json<FileObject>({ method: "POST", path: all, upload: uploadOf(given), options }),
    list: (query, options) =>
      transport.json<List<FileObject>>({ method: "GET", path: withQuery(all, { ...query }), options }),
    retrieve: async (id, options) =>
      transport.json<FileObject>({ method: "GET", path: `${all}/${pathOf(id)}`, options }),
    content: (id, options) => fileContent(transport, `${all}/${pathOf(id)}/content`, options),
    delete: async (id, options) =>
      transport.json<DeletedFile>({ method: "DELETE", path: `${all}/${pathOf(id)}`, options }),
  };
}

function uploadOf({ file, filename, purpose = "batch", expires_after }: FileUpload) {
  const expiry =
    expires_after === undefined
      ? {}
      : {
          "expires_after[anchor]": expires_after.anchor,
          "expires_after[seconds]": String(expires_after.seconds),
        };
  const ownName = file instanceof Blob && "name" in file ? String(file.name) : "batch.jsonl";
  return formUpload({ purpose, ...expiry }, { name: filename ?? ownName, content: file });
}
