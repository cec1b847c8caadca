import { memo } from "react";
import { count, percent, rate, whole } from "../../format/numbers.ts";
import { duration } from "../../format/times.ts";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { ErrorNote } from "../../parts/error-note.tsx";
import { Spinner } from "../../parts/loading.tsx";
import { Meter } from "../../parts/meter.tsx";
import type { ColdStart } from "./chat-events.ts";
import { type Answer, figuresOf, isOpen } from "./conversation.ts";
import { Markdown } from "./markdown-view.tsx";

interface AnswerProps {
  readonly answer: Answer;
  readonly onRetry: () => void;
}

/** What came of a question: thoughts, the answer, what it took, or what went wrong. */
export const AnswerView = memo(function AnswerView({ answer, onRetry }: AnswerProps) {
  const { state, thoughts, text, problem } = answer;
  return (
    <div className="answer">
      {state === "waiting" && <Waiting coldStart={answer.coldStart} model={answer.askedModel} />}
      {thoughts !== "" && <Thoughts answer={answer} />}
      {text !== "" && <AnswerText text={text} isOver={!isOpen(answer)} />}
      {state === "done" && text === "" && <p className="soft">The model ended without a word.</p>}
      {state === "stopped" && (
        <p className="soft small">Stopped{text === "" ? " before a word came." : "."}</p>
      )}
      {answer.reason === "length" && state === "done" && (
        <p className="soft small">
          Cut off at the limit of tokens: raise “Longest answer”, or ask it to go on.
        </p>
      )}
      {problem !== undefined && <ErrorNote error={new Error(problem)} onRetry={onRetry} />}
      {!isOpen(answer) && <Foot answer={answer} onRetry={onRetry} />}
    </div>
  );
});

function AnswerText({ text, isOver }: { readonly text: string; readonly isOver: boolean }) {
  const json = isOver ? prettyJson(text) : undefined;
  return json === undefined ? <Markdown text={text} /> : <Code text={json} copies={text} />;
}

/** Undefined for what is no JSON object or list. */
function prettyJson(text: string): string | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return undefined;
  }
}

const stages: Readonly<Record<string, string>> = {
  ordering: "Finding a place for",
  fetching: "Fetching the file of",
  loading: "Loading",
  checking: "Checking the answers of",
};

function Waiting({
  coldStart,
  model,
}: {
  readonly coldStart: ColdStart | undefined;
  readonly model: string;
}) {
  if (coldStart === undefined) return <Spinner label={`Waiting for ${model}`} />;
  const { stage, share } = coldStart;
  const words = `${stages[stage] ?? stage} ${coldStart.model}${share === undefined ? "" : `, ${percent(share)}`}`;
  return (
    <div className="cold-start">
      <Spinner label={words} />
      <Meter total={1} segments={[{ id: "done", value: share ?? 0 }]} label={words} />
      <p className="soft tiny">
        It is not in memory yet. The first answer takes a while; the next come at once.
      </p>
    </div>
  );
}

function Thoughts({ answer }: { readonly answer: Answer }) {
  const { thoughts, firstAtMs, textAtMs, endedAtMs } = answer;
  const isThinking = textAtMs === undefined && isOpen(answer);
  const untilMs = textAtMs ?? endedAtMs;
  const took = firstAtMs === undefined || untilMs === undefined ? undefined : (untilMs - firstAtMs) / 1_000;
  return (
    <details className="thoughts">
      <summary>{isThinking ? <Spinner label="Thinking" /> : `Thought for ${duration(took)}`}</summary>
      <p>{thoughts.trim()}</p>
    </details>
  );
}

function Foot({ answer, onRetry }: AnswerProps) {
  const facts = factsOf(answer);
  return (
    <div className="answer-foot">
      <p className="answer-facts">
        {facts.map(({ id, words, tip }) => (
          <span key={id} data-tip={tip}>
            {words}
          </span>
        ))}
      </p>
      <div className="row">
        {answer.text !== "" && <CopyButton text={answer.text} label="Copy" />}
        {answer.problem === undefined && (
          <Button kind="quiet" isSmall icon="refresh" onClick={onRetry}>
            Retry
          </Button>
        )}
      </div>
    </div>
  );
}

interface Fact {
  readonly id: string;
  readonly words: string;
  readonly tip?: string;
}

function factsOf(answer: Answer): readonly Fact[] {
  const { model, worker, usage } = answer;
  const { firstTokenMs, tokensPerSecond, totalMs } = figuresOf(answer);
  const cached = usage?.prompt_tokens_details?.cached_tokens ?? 0;
  const thought = usage?.completion_tokens_details?.reasoning_tokens ?? 0;
  const facts: (Fact | false)[] = [
    model !== undefined && worker !== undefined && { id: "source", words: `${model} on ${worker}` },
    usage !== undefined && {
      id: "tokens",
      words: count(usage.completion_tokens, "token"),
      tip: `${whole(usage.prompt_tokens)} of the prompt, ${whole(cached)} of them from a cache; ${whole(usage.completion_tokens)} of the answer, ${whole(thought)} of them thoughts`,
    },
    tokensPerSecond !== undefined && { id: "rate", words: rate(tokensPerSecond) },
    firstTokenMs !== undefined && {
      id: "first",
      words: `first token after ${duration(firstTokenMs / 1_000)}`,
    },
    totalMs !== undefined && { id: "total", words: `${duration(totalMs / 1_000)} in all` },
  ];
  return facts.filter((fact) => fact !== false);
}
