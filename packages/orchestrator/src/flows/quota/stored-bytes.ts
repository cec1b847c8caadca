import { MusterError } from "@muster/base";
import type { Metrics } from "../../ports/metrics.ts";
import type { TenantQuota } from "./tenant-quota.ts";

/** A file that grows claims its size anew after so much. */
const stepBytes = 1_048_576;

/** Whose content it is while it arrives, and how much they may have. */
export interface UploadOf {
  readonly tenant: string;
  readonly keyName: string;
  /** Of all files of the tenant together; undefined: as much as there is room for. */
  readonly mostBytes: number | undefined;
  /** What is known of its size before it has come. */
  readonly atLeastBytes: number;
}

/** The bytes of one upload, claimed while they come. */
export interface UploadClaim {
  /** Gives the content as it is, and throws `quota_exceeded` once it is too much. */
  counted(content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** The last word before its record is written. Throws `quota_exceeded`. */
  settle(bytes: number): Promise<void>;
  /** It becomes no file. */
  release(): Promise<void>;
}

/** Holds tenants to what their files may take in all. */
export class StoredBytes {
  readonly #bytes: TenantQuota;
  readonly #metrics: Pick<Metrics, "quotaRefused">;

  constructor(deps: { readonly bytes: TenantQuota; readonly metrics: Pick<Metrics, "quotaRefused"> }) {
    this.#bytes = deps.bytes;
    this.#metrics = deps.metrics;
  }

  upload(of: UploadOf, fileId: string): UploadClaim {
    const { tenant, mostBytes, atLeastBytes } = of;
    const claim = async (bytes: number) => {
      const answer = await this.#bytes.claim({ tenant, name: fileId }, bytes, mostBytes);
      if (answer.kind === "claimed") return;
      this.#metrics.quotaRefused("stored_bytes");
      throw tooMuch(of, answer.others);
    };
    return {
      async *counted(content) {
        if (mostBytes === undefined) return yield* content;
        let claimed = atLeastBytes;
        let bytes = 0;
        await claim(claimed);
        for await (const piece of content) {
          bytes += piece.length;
          if (bytes >= claimed + stepBytes) {
            await claim(bytes);
            claimed = bytes;
          }
          yield piece;
        }
        await claim(bytes);
      },
      settle: claim,
      release: () => this.#bytes.release(tenant, fileId),
    };
  }

  /** What comes of a batch is kept whatever it takes: it has been paid for. It counts for what is uploaded next. */
  async noted(tenant: string, fileId: string, bytes: number): Promise<void> {
    await this.#bytes.claim({ tenant, name: fileId }, bytes, undefined);
  }

  released(tenant: string, fileId: string): Promise<void> {
    return this.#bytes.release(tenant, fileId);
  }
}

function tooMuch({ keyName, mostBytes }: UploadOf, others: number): MusterError {
  return new MusterError(
    "quota_exceeded",
    `The key "${keyName}" may keep ${mostBytes} bytes of files, results of batches included; ${others} are taken, and this file has more than what is left. Remove files that are not needed any more (DELETE /v1/files/<id>), or ask an administrator for a larger limit.`,
    { param: "file" },
  );
}
