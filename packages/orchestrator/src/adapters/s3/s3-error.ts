import { MusterError } from "@muster/base";

/** What servers call it when there is no room; some of them with status 403. */
const fullNames = [
  "QuotaExceeded",
  "InsufficientCapacity",
  "InsufficientStorage",
  "StorageFull",
  "XMinioStorageFull",
  "XMinioAdminBucketQuotaExceeded",
];

export function statusOf(error: unknown): number | undefined {
  return metadataOf(error)?.httpStatusCode;
}

/** How often the SDK has sent the request that failed. */
export function attemptsOf(error: unknown): number {
  return metadataOf(error)?.attempts ?? 1;
}

export function isMissing(error: unknown): boolean {
  return statusOf(error) === 404 && nameOf(error) !== "NoSuchBucket";
}

/** What S3, the SDK or the network answered, as ours. */
export function s3Error(error: unknown, bucket: string): MusterError {
  if (error instanceof MusterError) return error;
  const [code, words] = worded(error, bucket);
  return new MusterError(code, words, { cause: error });
}

function worded(error: unknown, bucket: string): ["store_full" | "store_unavailable", string] {
  const name = nameOf(error);
  const status = statusOf(error);
  if (status === 507 || fullNames.includes(name))
    return [
      "store_full",
      `The S3 bucket ${bucket} takes no more (${name}). Delete files of old batches, or raise its quota; what waits goes ` +
        "on by itself then.",
    ];
  if (name === "NoSuchBucket")
    return [
      "store_unavailable",
      `There is no S3 bucket ${bucket}. Create it, or correct its name and endpoint.`,
    ];
  if (name === "CredentialsProviderError")
    return [
      "store_unavailable",
      `There are no credentials for the S3 bucket ${bucket}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ` +
        "another source of the AWS SDK's default chain.",
    ];
  if (status === 401 || status === 403)
    return [
      "store_unavailable",
      `The S3 bucket ${bucket} refuses us (${name}). Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that they ` +
        "may get, put, delete and list objects, list multipart uploads and abort them there.",
    ];
  return [
    "store_unavailable",
    `The S3 bucket ${bucket} cannot be used (${name}: ${messageOf(error)}). Check that its server runs, and that its ` +
      "endpoint and region are right.",
  ];
}

function metadataOf(
  error: unknown,
): { readonly httpStatusCode?: number; readonly attempts?: number } | undefined {
  if (typeof error !== "object" || error === null || !("$metadata" in error)) return undefined;
  return error.$metadata as { readonly httpStatusCode?: number; readonly attempts?: number };
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
