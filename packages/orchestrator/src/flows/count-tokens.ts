import type { TokenizeRequest } from "@muster/base";
import type { RequestDesk } from "./request-desk.ts";

/** In the batch lane: an estimate is not worth a running line. Somebody who waits for an estimate would rather have a rougher one than wait longer. */
const queueTimeoutMs = 5_000;

/** How many tokens a prompt becomes for a model, by its own tokenizer. Rejects where nobody can say now. */
export async function countTokens(
  desk: RequestDesk,
  ask: {
    readonly requestId: string;
    readonly model: string;
    readonly request: TokenizeRequest;
    readonly signal: AbortSignal;
  },
): Promise<number> {
  const { requestId, model, request, signal } = ask;
  const lane = { model, class: "batch" } as const;
  const answer = await desk.submit({ requestId, lane, request, queueTimeoutMs, isRestartable: true, signal });
  let tokens = 0;
  for await (const event of answer) {
    if (event.kind === "started") tokens = 0;
    if (event.kind === "delta" && event.delta.kind === "token-ids") tokens += event.delta.ids.length;
  }
  return tokens;
}
