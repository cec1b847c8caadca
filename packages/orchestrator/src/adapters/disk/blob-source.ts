import { type Log, openRegular } from "@muster/base";
import { openMirrorModels } from "@muster/models";
import type { BlobSource } from "../../ports/blob-source.ts";

/** Model files in a directory of this machine, fetched from Hugging Face or any HTTPS address. */
export function createDiskBlobSource(options: {
  readonly directory: string;
  readonly budgetBytes: number | undefined;
  readonly huggingFaceEndpoint: string | undefined;
  readonly huggingFaceToken: string | undefined;
  readonly fetchHosts: readonly string[];
  readonly isKept: (source: string) => boolean;
  readonly log: Log;
}): BlobSource {
  const { files, shelf } = openMirrorModels(options, options);
  return {
    files,
    shelf,
    async open(path) {
      const handle = await openRegular(path, { followsLinks: false }).catch((error: unknown) => {
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
        throw error;
      });
      if (handle === undefined) return undefined;
      return {
        async read(at, length) {
          // A buffer of its own for each: what is sent is not copied at once.
          const buffer = Buffer.allocUnsafeSlow(length);
          const { bytesRead } = await handle.read(buffer, 0, length, at);
          return buffer.subarray(0, bytesRead);
        },
        close: () => handle.close(),
      };
    },
  };
}
