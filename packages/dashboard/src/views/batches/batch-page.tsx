import type { Batch, LiveBatch } from "@muster/sdk";
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError } from "../../data/api.ts";
import { hashOf } from "../../data/route.ts";
import { useJson } from "../../data/use-json.ts";
import { useLive } from "../../data/use-live.ts";
import { count, percent, rate, short, unknown, whole } from "../../format/numbers.ts";
import { Empty } from "../../parts/empty.tsx";
import { ErrorNote } from "../../parts/error-note.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Skeleton } from "../../parts/loading.tsx";
import { Page } from "../../parts/page.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Stat } from "../../parts/stat.tsx";
import { Deeds } from "./batch-deeds.tsx";
import { Facts, Timeline } from "./batch-facts.tsx";
import { Left, shortId } from "./batch-list.tsx";
import { BatchMeter, BatchState } from "./batch-state.tsx";
import { doneShare, isOver, statusWords } from "./batch-words.ts";
import { FailedLines } from "./failed-lines-view.tsx";
import { InputErrors } from "./input-errors.tsx";
import { batchPath, contentPath } from "./paths.ts";

const readEveryMs = 4_000;

const back = (
  <a href={hashOf("batches")}>
    <Icon name="back" />
    Batches
  </a>
);

/** One batch: how far it is, what it took, and what came of it. */
export function BatchPage({ id }: { readonly id: string }) {
  const live = useLive(useCallback(({ batches }) => batches.get(id), [id]));
  const [isMoving, setMoving] = useState(true);
  const { data, error, refresh } = useJson<Batch>(batchPath(id), isMoving ? { everyMs: readEveryMs } : {});
  const status = data?.status;
  useEffect(() => setMoving(status === undefined || !isOver(status)), [status]);
  useRefreshed({ heard: live?.status, read: status }, refresh);

  if (data === undefined)
    return (
      <Page title={live?.name ?? shortId(id)} before={back}>
        {error === undefined ? <Skeleton lines={6} /> : <NotRead error={error} onRetry={refresh} />}
      </Page>
    );
  return <BatchDetails batch={data} live={live} onChange={refresh} />;
}

interface Statuses {
  readonly heard: string | undefined;
  readonly read: string | undefined;
}

/** What has just happened is read at once. */
function useRefreshed({ heard, read }: Statuses, refresh: () => void): void {
  const asked = useRef(heard);
  useEffect(() => {
    if (heard === undefined || read === undefined || heard === read || heard === asked.current) return;
    asked.current = heard;
    refresh();
  }, [heard, read, refresh]);
}

function NotRead({ error, onRetry }: { readonly error: unknown; readonly onRetry: () => void }) {
  if (!(error instanceof ApiError) || error.status !== 404)
    return <ErrorNote error={error} onRetry={onRetry} />;
  return (
    <Empty icon="batches" title="There is no such batch for this key">
      It may have been removed after its 30 days, or belong to another tenant: a key of that tenant shows it.
    </Empty>
  );
}

interface DetailsProps {
  readonly batch: Batch;
  readonly live: LiveBatch | undefined;
  readonly onChange: () => void;
}

function BatchDetails({ batch, live, onChange }: DetailsProps) {
  const { muster } = batch;
  const isPaused = muster.paused;
  const counts = countsOf(batch, live);
  const over = isOver(batch.status);
  return (
    <Page
      title={batch.metadata?.["name"] ?? shortId(batch.id)}
      before={back}
      tools={<Deeds batch={batch} onChange={onChange} />}
    >
      <div className="stack">
        <div className="row">
          <BatchState status={batch.status} isPaused={isPaused} />
          <span className="soft small">{meaningOf(batch)}</span>
        </div>
        {muster.waits_for && (
          <p className="batch-waits">
            <Icon name="info" />
            It waits: {muster.waits_for}
          </p>
        )}
        {batch.errors && <InputErrors errors={batch.errors.data} total={muster.error_count} />}
        {counts.total > 0 && (
          <Panel>
            <div className="stack">
              <BatchMeter counts={counts} isTall />
              <Figures batch={batch} counts={counts} isOver={over} />
            </div>
          </Panel>
        )}
        <Results batch={batch} />
        <div className="batch-columns">
          <Panel title="What happened">
            <Timeline batch={batch} />
          </Panel>
          <Panel title="About it">
            <Facts batch={batch} />
          </Panel>
        </div>
      </div>
    </Page>
  );
}

function meaningOf({ status, muster }: Batch): string {
  const { failed } = muster.progress;
  if (status === "completed" && failed > 0)
    return `Every line has come to its end; ${count(failed, "line")} without an answer.`;
  return statusWords(status, muster.paused).means;
}

function countsOf(batch: Batch, live: LiveBatch | undefined) {
  const { progress } = batch.muster;
  if (live === undefined || isOver(batch.status)) return progress;
  const isNewer = live.completed + live.failed >= progress.completed + progress.failed;
  return isNewer ? { ...progress, completed: live.completed, failed: live.failed } : progress;
}

type Counts = ReturnType<typeof countsOf>;

interface FiguresProps {
  readonly batch: Batch;
  readonly counts: Counts;
  readonly isOver: boolean;
}

function Figures({ batch, counts, isOver: over }: FiguresProps) {
  const { forecast, progress } = batch.muster;
  const { usage } = batch;
  const speed = forecast?.lines_per_second ?? 0;
  const cachedNote = progress.cached > 0 ? `${whole(progress.cached)} from the result cache` : undefined;
  return (
    <dl className="batch-figures">
      <Stat
        label="Done"
        value={percent(doneShare(counts))}
        note={`${whole(counts.completed + counts.failed)} of ${whole(counts.total)} lines`}
      />
      <Stat
        label="Answered"
        value={whole(counts.completed)}
        {...(cachedNote === undefined ? {} : { note: cachedNote })}
      />
      <Stat
        label="Failed"
        value={counts.failed > 0 ? <span className="bad-text">{whole(counts.failed)}</span> : "0"}
      />
      {!over && (
        <Stat
          label="Speed"
          value={speed === 0 ? unknown : short(speed)}
          {...(speed === 0 ? {} : { unit: "lines/s" })}
          note={forecast?.tokens_per_second ? rate(forecast.tokens_per_second) : "known after a while"}
        />
      )}
      {!over && <Stat label="Left" value={<Left until={forecast?.finish_at ?? null} />} />}
      {usage && (
        <Stat
          label="Tokens"
          value={whole(usage.total_tokens)}
          note={`${whole(usage.input_tokens)} in, ${whole(usage.output_tokens)} out`}
        />
      )}
    </dl>
  );
}

function Results({ batch }: { readonly batch: Batch }) {
  const { output_file_id: output, error_file_id: errors } = batch;
  const { provenance_file_id: provenance } = batch.muster;
  const files = [
    { id: output, words: "Download the output", isMain: true },
    { id: errors, words: "Download the errors", isMain: false },
    { id: provenance, words: "Download the provenance", isMain: false },
  ].flatMap((file) => (file.id ? [{ ...file, id: file.id }] : []));
  if (files.length === 0) return null;
  return (
    <Panel title="Results">
      <div className="stack">
        <div className="row">
          {files.map(({ id, words, isMain }) => (
            <a
              key={id}
              className={isMain ? "button button-primary" : "button"}
              href={contentPath(id)}
              download
            >
              <Icon name="download" />
              {words}
            </a>
          ))}
        </div>
        {errors && <FailedLines path={contentPath(errors)} />}
      </div>
    </Panel>
  );
}
