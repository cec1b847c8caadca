import type { KeyLimits } from "@muster/sdk";
import type { Command } from "commander";
import { byteSize, largeNumber, shareWeight, wholeNumber } from "./number-options.ts";

/** `none` where a limit is to be taken away. */
type Limit = number | "none";

export interface LimitFlags {
  readonly rpm?: Limit;
  readonly tpm?: Limit;
  readonly concurrency?: Limit;
  readonly batchLines?: Limit;
  readonly storedBytes?: Limit;
  readonly tokensPerMonth?: Limit;
  readonly weight?: Limit;
}

type Reader = (text: string) => Limit;

/** What a key may take, as options. `reading` may let them take more words than numbers. */
export function withLimitOptions(command: Command, reading = (read: Reader): Reader => read): Command {
  return command
    .option("--rpm <n>", "requests in a minute", reading(largeNumber))
    .option("--tpm <n>", "tokens in a minute, prompts and answers together", reading(largeNumber))
    .option("--concurrency <n>", "interactive requests at once", reading(wholeNumber))
    .option("--batch-lines <n>", "lines of batches that are not over", reading(largeNumber))
    .option("--stored-bytes <size>", "what its tenant's files may take: 10GB", reading(byteSize))
    .option("--tokens-per-month <n>", "tokens in a calendar month: 50M", reading(largeNumber))
    .option("--weight <n>", "its tenant's share of the batch lanes, 0.01 to 1000", reading(shareWeight));
}

/** For options that may also take something away. */
export function orNone(read: Reader): Reader {
  return (text) => (text === "none" ? text : read(text));
}

/** What is not given is left out. */
export function limitsIn(flags: LimitFlags): KeyLimits {
  const wire = (limit: Limit | undefined) => (limit === "none" ? null : limit);
  return {
    requests_per_minute: wire(flags.rpm),
    tokens_per_minute: wire(flags.tpm),
    concurrency: wire(flags.concurrency),
    batch_lines: wire(flags.batchLines),
    stored_bytes: wire(flags.storedBytes),
    tokens_per_month: wire(flags.tokensPerMonth),
    weight: wire(flags.weight),
  };
}
