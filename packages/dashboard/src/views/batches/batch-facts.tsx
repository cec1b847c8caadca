import type { Batch } from "@muster/sdk";
import { count, unknown, whole } from "../../format/numbers.ts";
import { fullTime } from "../../format/times.ts";
import { Ago } from "../../parts/ago.tsx";
import { Badge } from "../../parts/badge.tsx";
import { isOver, timelineOf } from "./batch-words.ts";
import { contentPath } from "./paths.ts";

/** What happened to a batch, and when. */
export function Timeline({ batch }: { readonly batch: Batch }) {
  const steps = timelineOf(batch);
  const current = steps.findIndex(({ at }) => at === null);
  return (
    <ol className="timeline">
      {steps.map(({ word, at, mood }, index) => (
        <li
          key={word}
          className={`timeline-${at === null ? "later" : mood}`}
          aria-current={index === current - 1 ? "step" : undefined}
        >
          <span>{word}</span>
          <span className="soft small">{at === null ? "not yet" : fullTime(at)}</span>
        </li>
      ))}
    </ol>
  );
}

/** What a batch was made with. */
export function Facts({ batch }: { readonly batch: Batch }) {
  const { muster } = batch;
  const models = muster.models ?? [];
  return (
    <dl className="facts">
      <dt>Id</dt>
      <dd>
        <code>{batch.id}</code>
      </dd>
      <dt>Endpoint</dt>
      <dd>
        <code>{batch.endpoint}</code>
      </dd>
      <dt>{models.length === 1 ? "Model" : "Models"}</dt>
      <dd>
        {models.length === 0 && unknown}
        {models.map(({ model, lines }) => (
          <div key={model}>
            {model}
            {models.length > 1 && <span className="soft">, {whole(lines)} lines</span>}
          </div>
        ))}
      </dd>
      <dt>Window</dt>
      <dd>
        {batch.completion_window}
        {batch.expires_at && !isOver(batch.status) && (
          <span className="soft">
            , ends <Ago at={batch.expires_at} />
          </span>
        )}
      </dd>
      <dt>Priority</dt>
      <dd>
        {muster.priority}{" "}
        {muster.result_cache && <Badge tip="Equal lines are answered once">result cache</Badge>}
      </dd>
      {batch.usage && (
        <>
          <dt>Thoughts</dt>
          <dd>{count(batch.usage.output_tokens_details?.reasoning_tokens ?? 0, "token")}</dd>
          <dt>From a cache</dt>
          <dd>{count(batch.usage.input_tokens_details?.cached_tokens ?? 0, "token")} of the prompts</dd>
        </>
      )}
      <dt>Input</dt>
      <dd>
        <a href={contentPath(batch.input_file_id)} download>
          Download it
        </a>
      </dd>
    </dl>
  );
}
