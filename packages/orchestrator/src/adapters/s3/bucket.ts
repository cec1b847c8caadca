import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { S3 } from "@aws-sdk/client-s3";
import { type Clock, type Log, MusterError } from "@muster/base";
import { attemptsOf, isMissing, s3Error, statusOf } from "./s3-error.ts";

export interface S3Options {
  readonly bucket: string;
  /** Before every key: "", or names with a slash behind each. */
  readonly prefix: string;
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly forcePathStyle?: boolean | undefined;
  /** Undefined: the SDK's default chain. */
  readonly credentials?: S3Credentials | undefined;
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const maxAttempts = 4;
const connectTimeoutMs = 3_000;
const answerTimeoutMs = 30_000;
const maxSockets = 64;
const maxConflicts = 5;
const conflictPauseMs = 50;
const leftoverAgeMs = 24 * 3_600_000;
const writerField = "muster-writer";

/** One bucket: connected to when it is first used, and checked before anything is built on it. */
export class Bucket {
  readonly name: string;
  readonly #options: S3Options;
  readonly #log: Log;
  readonly #clock: Clock;
  #connecting: Promise<S3> | undefined;
  #checking: Promise<void> | undefined;

  constructor(options: S3Options, { log, clock }: { readonly log: Log; readonly clock: Clock }) {
    this.name = options.bucket;
    this.#options = options;
    this.#log = log;
    this.#clock = clock;
  }

  /** What is wrong is thrown, and looked at again with the next call. */
  async ready(): Promise<void> {
    this.#checking ??= this.#check();
    try {
      await this.#checking;
    } catch (error) {
      this.#checking = undefined;
      throw error;
    }
  }

  /** Where an object of the store lies in the bucket. */
  at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.name, Key: this.#options.prefix + key };
  }

  get prefix(): string {
    return this.#options.prefix;
  }

  /** Asks S3; what it refuses is thrown as ours. */
  async call<T>(ask: (s3: S3) => Promise<T>): Promise<T> {
    await this.ready();
    return this.#ask(ask);
  }

  /** As `call`, but undefined where there is no such object. */
  async find<T>(ask: (s3: S3) => Promise<T>): Promise<T | undefined> {
    return this.call(async (s3) => {
      try {
        return await ask(s3);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  /** Puts an object unless there is one of that key; whether it did. */
  async claim(key: string, content: Uint8Array): Promise<boolean> {
    await this.ready();
    return this.#claim(key, content);
  }

  async close(): Promise<void> {
    const connecting = this.#connecting;
    this.#connecting = undefined;
    this.#checking = undefined;
    await connecting?.then(
      (s3) => s3.destroy(),
      () => {},
    );
  }

  async #claim(key: string, content: Uint8Array): Promise<boolean> {
    const writer = randomUUID();
    const request = { ...this.at(key), Body: content, IfNoneMatch: "*", Metadata: { [writerField]: writer } };
    for (let conflicts = 0; ; conflicts++) {
      try {
        return await this.#ask(async (s3) => {
          await s3.putObject(request);
          return true;
        });
      } catch (thrown) {
        const { cause } = MusterError.from(thrown);
        // An answer that was lost: the request that was sent again met what the first one had put.
        if (statusOf(cause) === 412) return attemptsOf(cause) > 1 && (await this.#writerOf(key)) === writer;
        if (statusOf(cause) !== 409 || conflicts === maxConflicts) throw thrown;
        await pause(conflictPauseMs * (conflicts + 1));
      }
    }
  }

  async #writerOf(key: string): Promise<string | undefined> {
    const { Metadata } = await this.#ask((s3) => s3.headObject(this.at(key)));
    return Metadata?.[writerField];
  }

  #connect(): Promise<S3> {
    this.#connecting ??= connect(this.#options);
    this.#connecting.catch(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #ask<T>(ask: (s3: S3) => Promise<T>): Promise<T> {
    try {
      return await ask(await this.#connect());
    } catch (error) {
      throw s3Error(error, this.name);
    }
  }

  /** Without exclusive puts two orchestrators would rebuild one ledger at the same time. */
  async #check(): Promise<void> {
    const key = `checks/${randomUUID()}`;
    const [first, second] = [
      await this.#claim(key, Buffer.from("1")),
      await this.#claim(key, Buffer.from("2")),
    ];
    await this.#ask((s3) => s3.deleteObject(this.at(key)));
    if (!first || second)
      throw new MusterError(
        "unsupported",
        `The server of the S3 bucket ${this.name} does not honour If-None-Match when an object is put, so two ` +
          "orchestrators could do the same work. Use a server that does (AWS, MinIO, Ceph, R2), or a shared directory.",
      );
    await this.#sweep();
  }

  /** Uploads that crashes have left half done: nobody sees them, but they take room. */
  async #sweep(): Promise<void> {
    try {
      const { Uploads = [] } = await this.#ask((s3) =>
        s3.listMultipartUploads({ Bucket: this.name, Prefix: this.prefix }),
      );
      for (const { Key, UploadId, Initiated } of Uploads) {
        if (Initiated === undefined || this.#clock.wallMs() - Initiated.getTime() < leftoverAgeMs) continue;
        await this.#ask((s3) => s3.abortMultipartUpload({ Bucket: this.name, Key, UploadId }));
      }
    } catch (error) {
      this.#log.warn(
        { bucket: this.name, error: String(error) },
        "unfinished uploads could not be looked for",
      );
    }
  }
}

/** The SDK is loaded only where there is a bucket. */
async function connect({ endpoint, region, forcePathStyle, credentials }: S3Options): Promise<S3> {
  const { S3 } = await import("@aws-sdk/client-s3");
  const agent = { keepAlive: true, maxSockets };
  return new S3({
    maxAttempts,
    // Payloads are covered by the signature; further checksums are not known to every server.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: answerTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: answerTimeoutMs,
      httpAgent: agent,
      httpsAgent: agent,
    },
    ...(endpoint === undefined ? {} : { endpoint, region: region ?? "us-east-1" }),
    ...(region === undefined ? {} : { region }),
    ...(forcePathStyle === undefined ? {} : { forcePathStyle }),
    ...(credentials === undefined ? {} : { credentials }),
  });
}
