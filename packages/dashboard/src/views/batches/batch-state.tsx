import { percent, whole } from "../../format/numbers.ts";
import { Badge, type Tone } from "../../parts/badge.tsx";
import { Meter } from "../../parts/meter.tsx";
import { type BatchRow, doneShare, type Mood, statusWords } from "./batch-words.ts";

const tones: Readonly<Record<Mood, Tone>> = {
  busy: "accent",
  good: "good",
  bad: "bad",
  quiet: "quiet",
};

/** A batch's state in a word; what it means is said when it is pointed at. */
export function BatchState({ status, isPaused }: Pick<BatchRow, "status" | "isPaused">) {
  const { word, mood, means } = statusWords(status, isPaused);
  return (
    <Badge tone={tones[mood]} hasDot tip={means}>
      {word}
    </Badge>
  );
}

type Counts = Pick<BatchRow, "total" | "completed" | "failed">;

/** How many of its lines are done, and how many of them without an answer. */
export function BatchMeter({
  counts,
  isTall = false,
}: {
  readonly counts: Counts;
  readonly isTall?: boolean;
}) {
  const { total, completed, failed } = counts;
  const failedWords = failed === 0 ? "" : `, ${whole(failed)} failed`;
  return (
    <Meter
      isTall={isTall}
      total={total}
      segments={[
        { id: "completed", value: completed, label: `${whole(completed)} answered` },
        { id: "failed", value: failed, color: "var(--bad)", label: `${whole(failed)} failed` },
      ]}
      label={`${whole(completed)} of ${whole(total)} answered${failedWords}: ${percent(doneShare(counts))}`}
    />
  );
}
