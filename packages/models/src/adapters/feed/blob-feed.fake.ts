import { MusterError } from "@muster/base";
import type { BlobAsk, BlobFeed } from "../../ports/blob-feed.ts";

/** What a fake feed does with its next question instead of answering it well. */
export type FeedMishap =
  | { readonly kind: "cut"; readonly afterBytes: number }
  | { readonly kind: "refuse"; readonly error: Error }
  | { readonly kind: "corrupt" };

/** A machine nearby that has one file, in memory; keeps to the promises of the port. */
export interface FakeFeed extends BlobFeed {
  readonly asked: BlobAsk[];
  /** Bytes that were given out. */
  sentBytes(): number;
  mishap(...mishaps: FeedMishap[]): void;
}

const pieceBytes = 64 * 1024;

export function createFakeFeed(
  content: Uint8Array,
  file: { readonly sha256: string; readonly isKnownBefore?: boolean },
): FakeFeed {
  const asked: BlobAsk[] = [];
  const mishaps: FeedMishap[] = [];
  let sent = 0;
  return {
    asked,
    sentBytes: () => sent,
    mishap: (...more) => void mishaps.push(...more),
    async open(ask, signal) {
      asked.push(ask);
      signal.throwIfAborted();
      const [next] = mishaps;
      if (next?.kind === "refuse") {
        mishaps.shift();
        throw next.error;
      }
      if (ask.sha256 !== undefined && ask.sha256 !== file.sha256)
        throw new MusterError("model_load_failed", "The mirror has another file.");
      let isDone = false;
      return {
        totalBytes: content.length,
        sha256: file.isKnownBefore === false ? undefined : file.sha256,
        async *pieces() {
          const mishap = mishaps.shift();
          yield new Uint8Array();
          for (let at = ask.offset; at < content.length; at += pieceBytes) {
            if (mishap?.kind === "cut" && at - ask.offset >= mishap.afterBytes)
              throw new Error("connection reset");
            const piece = Uint8Array.from(content.subarray(at, at + pieceBytes));
            if (mishap?.kind === "corrupt") piece[0] = (piece[0] ?? 0) ^ 1;
            sent += piece.length;
            yield piece;
          }
          isDone = true;
        },
        finalSha256: () => (isDone ? file.sha256 : undefined),
        close() {},
      };
    },
  };
}
