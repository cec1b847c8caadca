import { parse } from "node:path";
import { MusterError } from "@muster/base";
import { type BatchSettings, type Muster, NotFoundError } from "@muster/sdk";
import { formatCount } from "../format.ts";
import type { BatchInput } from "./batch-input.ts";
import { type BatchState, lineDigest, readState, statePath, writeState } from "./batch-state.ts";

/** As long as the server keeps the answers, where nobody says otherwise. */
const keptFor = { anchor: "created_at", seconds: 30 * 86_400 } as const;

export interface Submission {
  readonly input: BatchInput;
  readonly settings: Omit<BatchSettings, "endpoint">;
  /** The state is kept beside it. */
  readonly output: string;
  readonly signal: AbortSignal;
  readonly onStep: (says: string) => void;
}

export interface Submitted {
  readonly batchId: string;
  readonly isResumed: boolean;
  /** Of the input that the batch was made of. */
  readonly digest: string;
}

/**
 * The batch of an input and an output: the one that an earlier run began, else a new one. The state is written between the
 * steps, so that whatever ends this process, the same command makes no second batch.
 */
export async function submitBatch(client: Muster, submission: Submission): Promise<Submitted> {
  const { input, output, signal, onStep } = submission;
  const { digest, count } = await survey(submission);
  const before = await readState(output);
  if (before !== undefined && before.digest !== digest) throw otherInput(before, output);
  if (before?.batchId !== undefined) {
    await checkThere(client, before.batchId, submission);
    return { batchId: before.batchId, isResumed: true, digest };
  }
  let state = before;
  if (state === undefined) {
    onStep(`Sending ${formatCount(count, "request")}`);
    const upload = { file: jsonOf(input), filename: "batch.jsonl", expires_after: keptFor };
    const file = await client.files.create(upload, { signal });
    const model = input.model();
    state = { digest, inputFileId: file.id, ...(model === undefined ? {} : { model }) };
    await writeState(output, state);
  }
  const batch = await client.batches.ensure(
    {
      ...submission.settings,
      endpoint: input.endpoint,
      input_file_id: state.inputFileId,
      // What lists call it; the server takes 512 characters.
      metadata: { name: parse(input.file.path).name.slice(0, 100) },
    },
    { signal },
  );
  await writeState(output, { ...state, batchId: batch.id });
  return { batchId: batch.id, isResumed: false, digest };
}

/** Reads the whole input before anything is sent: what is wrong with line 40,000 shows now. */
async function survey({ input, settings, signal }: Submission): Promise<{ digest: string; count: number }> {
  const digest = lineDigest(input, settings);
  let count = 0;
  for await (const { json } of input.lines()) {
    signal.throwIfAborted();
    digest.update(json);
    count += 1;
  }
  if (count > 0) return { digest: digest.digest("hex"), count };
  throw new MusterError("invalid_request", `${input.file.path} has no requests in it.`);
}

async function* jsonOf(input: BatchInput): AsyncGenerator<string, void> {
  for await (const { json } of input.lines()) yield json;
}

async function checkThere(client: Muster, batchId: string, { output, signal }: Submission): Promise<void> {
  try {
    await client.batches.retrieve(batchId, { signal });
  } catch (cause) {
    if (!(cause instanceof NotFoundError)) throw cause;
    throw new MusterError(
      "not_found",
      `${client.baseUrl} knows no batch ${batchId}, which ${statePath(output)} names. Is it the right server and key? To begin anew, delete that file.`,
      { cause },
    );
  }
}

function otherInput({ batchId }: BatchState, output: string): MusterError {
  const fetch =
    batchId === undefined
      ? ""
      : ` Get that one with \`muster batch results ${batchId} -o OTHER_FILE\`, or stop it.`;
  return new MusterError(
    "invalid_request",
    `${output} is to hold the answers of another batch${batchId === undefined ? "" : `, ${batchId}`}: the input or the options have changed since.${fetch} To begin anew, name another output or delete ${statePath(output)}.`,
  );
}
