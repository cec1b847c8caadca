import type { AnswerEvent } from "../../core/job.ts";
import type { HttpDeps } from "../http-deps.ts";
import type { Asked } from "./asked.ts";
import type { RequestAccount } from "./request-account.ts";
import { requireCapabilities } from "./served.ts";

/** A request waits so much longer for a model that is loaded for it. */
const longestLoadMs = 600_000;

/**
 * Submits every choice of a request as a job of its own, so that they spread over slots and workers. Throws
 * `unsupported` where no replica of the model can do what is asked, and what the limits of its key say.
 */
export async function submitAnswers(
  deps: HttpDeps,
  asked: Asked,
  { signal, account }: { readonly signal: AbortSignal; readonly account: RequestAccount },
): Promise<AsyncIterable<AnswerEvent>[]> {
  const { requestId, target, laneClass, requests, isStreamed, params } = asked;
  const { model, loadMs, deadlineMs } = target;
  const [first] = requests;
  account.asked(asked);
  // Of a model that has yet to be loaded the catalogue has said what it can do.
  if (first !== undefined && deps.served.has(model))
    requireCapabilities(deps, { model, request: first, params });
  const isGeneration = first?.task === "generate";
  await account.admit(requests);
  const acceptedAtMs = deps.clock.nowMs();
  const answers = await Promise.all(
    requests.map((request, choice) =>
      deps.desk.submit({
        requestId: requests.length === 1 ? requestId : `${requestId}-${choice}`,
        lane: { model, class: laneClass },
        request,
        queueTimeoutMs: deps.queueTimeoutMs + Math.min(loadMs, longestLoadMs),
        deadlineMs,
        isRestartable: !isStreamed,
        payer: account.payer,
        trace: account.trace,
        signal,
      }),
    ),
  );
  return answers.map((answer, choice) =>
    measured(deps, { model, acceptedAtMs, isGeneration, account, choice }, answer),
  );
}

interface Measured {
  readonly model: string;
  readonly acceptedAtMs: number;
  /** Vectors and scores are no tokens: they say nothing of the time between tokens. */
  readonly isGeneration: boolean;
  readonly account: RequestAccount;
  readonly choice: number;
}

async function* measured(
  deps: HttpDeps,
  { model, acceptedAtMs, isGeneration, account, choice }: Measured,
  answer: AsyncIterable<AnswerEvent>,
): AsyncIterable<AnswerEvent> {
  const { metrics, clock } = deps;
  let lastPieceMs: number | undefined;
  let toldTokens = 0;
  for await (const event of answer) {
    if (event.kind === "started") account.started(choice);
    if (event.kind === "delta") {
      account.output(choice, event.delta.tokens);
      toldTokens += event.delta.tokens;
      metrics.tokensCame(model, event.delta.tokens);
    }
    if (event.kind === "delta" && isGeneration) {
      const nowMs = clock.nowMs();
      if (lastPieceMs === undefined) metrics.firstToken(model, nowMs - acceptedAtMs);
      else if (event.delta.tokens > 0)
        metrics.interToken(model, (nowMs - lastPieceMs) / event.delta.tokens, event.delta.tokens);
      lastPieceMs = nowMs;
    } else if (event.kind === "end") {
      metrics.tokensUsed({ model, tenant: account.payer.tenant }, event.usage, toldTokens);
      account.ended(choice, event);
    }
    yield event;
  }
}
