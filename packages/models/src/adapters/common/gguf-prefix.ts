import { MusterError } from "@muster/base";
import { type GgufHeader, maxGgufHeaderBytes, readGgufHeader } from "../../core/gguf-header.ts";

const firstBytes = 256 * 1024;

/** A model file wherever it is. */
export interface GgufSource {
  /** In messages. */
  readonly place: string;
  readonly bytes: number;
  /** What is read of it at most; undefined: as much as any header may have. */
  readonly maxHeaderBytes?: number | undefined;
  /** Its first `length` bytes, or fewer where it is shorter. */
  read(length: number): Promise<Uint8Array>;
}

/**
 * Reads a header from as many bytes as it takes, and checks that the file is long enough for the tensors it announces.
 * Throws MusterError `model_load_failed` that says what is wrong with the file.
 */
export async function readGgufSource(source: GgufSource): Promise<GgufHeader> {
  const { place, bytes, maxHeaderBytes = maxGgufHeaderBytes } = source;
  for (let wanted = Math.min(firstBytes, bytes); ; ) {
    const result = readGgufHeader(await source.read(wanted));
    if (result.kind === "invalid") {
      throw new MusterError(
        "model_load_failed",
        `${place} is not a model that can be used: ${result.reason}. Give a GGUF file.`,
      );
    }
    if (result.kind === "header") {
      const { header } = result;
      if (header.minimumFileBytes > bytes) throw truncated(place, bytes, header.minimumFileBytes);
      return header;
    }
    if (result.bytes > bytes) throw truncated(place, bytes, result.bytes);
    if (result.bytes > maxHeaderBytes) {
      throw new MusterError(
        "model_load_failed",
        `${place} is not a model that can be used: its header has more than ${maxHeaderBytes} bytes.`,
      );
    }
    // Twice as much each time: a header is read a bounded number of times, however small its pieces are.
    wanted = Math.min(Math.max(result.bytes, wanted * 2), bytes, maxHeaderBytes);
  }
}

function truncated(place: string, haveBytes: number, needBytes: number): MusterError {
  return new MusterError(
    "model_load_failed",
    `${place} is cut short: it has ${haveBytes} bytes, and its header announces at least ${needBytes}. ` +
      "Fetch or copy it again.",
  );
}
