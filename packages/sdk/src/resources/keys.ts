import { pathOf } from "../base-url.ts";
import type { RequestOptions, Transport } from "../http.ts";
import type { ResponseInfo } from "../response-info.ts";
import type { List } from "./models.ts";

/**
 * What a key may be used for; `admin` includes the others.
 * @example const scopes: KeyScope[] = ["inference", "batch"];
 */
export type KeyScope = "inference" | "batch" | "read" | "metrics" | "admin";

/**
 * What a key may take; null or left out: as much as there is.
 * @example const limits: KeyLimits = { requests_per_minute: 600, concurrency: 8 };
 */
export interface KeyLimits {
  readonly requests_per_minute?: number | null | undefined;
  /** Prompt and completion together. */
  readonly tokens_per_minute?: number | null | undefined;
  /** Interactive requests at once. */
  readonly concurrency?: number | null | undefined;
  /** Of batches that are not over, of the key's tenant. */
  readonly batch_lines?: number | null | undefined;
  /** Of the files of the key's tenant. */
  readonly stored_bytes?: number | null | undefined;
  readonly tokens_per_month?: number | null | undefined;
  /** Of the key's tenant in the batch lanes, 0.01 to 1000; 1 where nobody says. */
  readonly weight?: number | null | undefined;
}

/**
 * An API key, without its text: that is told once, when it is made.
 * @example const old = data.filter((key) => key.last_used_on === null);
 */
export interface ApiKey {
  readonly id: string;
  readonly object: "key";
  readonly name: string;
  /** Whose files and batches it sees. */
  readonly tenant: string;
  readonly state: "live" | "expired" | "revoked";
  readonly scopes: readonly KeyScope[];
  /** Names with `*` for any text; null: all models. */
  readonly models: readonly string[] | null;
  readonly limits: KeyLimits;
  /** The texts that open it now, by how they begin: two while it is rotated. Times in Unix seconds. */
  readonly secrets: readonly {
    readonly prefix: string;
    readonly created_at: number;
    readonly expires_at: number | null;
  }[];
  /** Unix seconds, as the next. */
  readonly created_at: number;
  /** The id of the key that made it. */
  readonly created_by: string;
  readonly expires_at: number | null;
  readonly revoked_at: number | null;
  readonly revoked_by: string | null;
  /** A day, `2026-11-29`; null: never. Told of lists and of one key, not when it is made. */
  readonly last_used_on: string | null;
}

/**
 * A key with its text, which nobody can be told again.
 * @example const { key } = await muster.keys.create({ name: "ci", scopes: ["inference"] });
 */
export interface NewApiKey extends ApiKey {
  readonly key: string;
}

/**
 * What a key is made with.
 * @example const request: ApiKeyRequest = { name: "ci", scopes: ["inference"], models: ["gemma-*"] };
 */
export interface ApiKeyRequest {
  /** Lower-case letters, digits and hyphens; no other live key has it. */
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** Default: the name. */
  readonly tenant?: string | undefined;
  readonly models?: readonly string[] | undefined;
  readonly limits?: KeyLimits | undefined;
  /** Unix seconds. */
  readonly expires_at?: number | undefined;
}

/**
 * What is to be different of a key. What is left out stays; null takes it away.
 * @example const change: ApiKeyChange = { limits: { tokens_per_month: 50e6, concurrency: null } };
 */
export interface ApiKeyChange {
  /** Null: all models. */
  readonly models?: readonly string[] | null | undefined;
  readonly limits?: KeyLimits | null | undefined;
  /** Unix seconds; null: never. */
  readonly expires_at?: number | null | undefined;
}

/**
 * `muster.keys`: who may ask, for what and how much. Needs a key with the scope `admin`.
 * @example const { data } = await muster.keys.list();
 */
export interface Keys {
  /**
   * Makes a key. Rejects with a PermissionDeniedError for one that may do what the asking key may not. Not tried twice:
   * where the connection breaks, the key may be there.
   * @example const { key } = await muster.keys.create({ name: "ci", scopes: ["inference"] });
   */
  create(request: ApiKeyRequest, options?: RequestOptions): Promise<NewApiKey & ResponseInfo>;
  /**
   * All keys, the oldest first, those that are over as well. Rejects with a MusterApiError.
   * @example const names = (await muster.keys.list()).data.map((key) => key.name);
   */
  list(options?: RequestOptions): Promise<List<ApiKey> & ResponseInfo>;
  /**
   * One key. Rejects with a NotFoundError where there is none.
   * @example const { state } = await muster.keys.retrieve(id);
   */
  retrieve(id: string, options?: RequestOptions): Promise<ApiKey & ResponseInfo>;
  /**
   * Changes what a key may from now on, everywhere within five seconds. Rejects with a PermissionDeniedError where it would
   * get what the asking key may not.
   * @example await muster.keys.update(id, { limits: { requests_per_minute: 600 } });
   */
  update(id: string, change: ApiKeyChange, options?: RequestOptions): Promise<ApiKey & ResponseInfo>;
  /**
   * Gives a key a new text; the one before it is good for a while longer (a day by default). Not tried twice.
   * @example const { key } = await muster.keys.rotate(id, { overlap_seconds: 3_600 });
   */
  rotate(
    id: string,
    settings?: { readonly overlap_seconds?: number | undefined },
    options?: RequestOptions,
  ): Promise<NewApiKey & ResponseInfo>;
  /**
   * Ends a key for good, everywhere within five seconds; what runs may end.
   * @example await muster.keys.revoke(id);
   */
  revoke(id: string, options?: RequestOptions): Promise<ApiKey & ResponseInfo>;
}

const all = "/cluster/v1/keys";
const once = { maxRetries: 0 };

export function createKeys(transport: Transport): Keys {
  return {
    create: (body, options) =>
      transport.json<NewApiKey>({ method: "POST", path: all, body, options: { ...options, ...once } }),
    list: (options) => transport.json<List<ApiKey>>({ method: "GET", path: all, options }),
    retrieve: async (id, options) =>
      transport.json<ApiKey>({ method: "GET", path: `${all}/${pathOf(id)}`, options }),
    update: async (id, body, options) =>
      transport.json<ApiKey>({ method: "PATCH", path: `${all}/${pathOf(id)}`, body, options }),
    rotate: async (id, settings = {}, options) =>
      transport.json<NewApiKey>({
        method: "POST",
        path: `${all}/${pathOf(id)}/rotate`,
        body: settings,
        options: { ...options, ...once },
      }),
    revoke: async (id, options) =>
      transport.json<ApiKey>({ method: "DELETE", path: `${all}/${pathOf(id)}`, options }),
  };
}
