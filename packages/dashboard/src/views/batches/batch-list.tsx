import type { Batch, List } from "@muster/sdk";
import { useEffect, useMemo, useRef } from "react";
import { hashOf } from "../../data/route.ts";
import { go } from "../../data/use-hash.ts";
import { useJson } from "../../data/use-json.ts";
import { useLive } from "../../data/use-live.ts";
import { rate, unknown, whole } from "../../format/numbers.ts";
import { roughly } from "../../format/times.ts";
import { Ago, useNow } from "../../parts/ago.tsx";
import { Code } from "../../parts/code.tsx";
import { Empty } from "../../parts/empty.tsx";
import { ErrorNote } from "../../parts/error-note.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Skeleton } from "../../parts/loading.tsx";
import { Page } from "../../parts/page.tsx";
import { Panel } from "../../parts/panel.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { BatchMeter, BatchState } from "./batch-state.tsx";
import { type BatchRow, batchRows, isOver } from "./batch-words.ts";

/** Rates are not in what lives: they are read again while something runs. */
const readEveryMs = 5_000;
const shown = 100;

/** All batches that this key sees, the newest first. */
export function BatchList() {
  const live = useLive(({ batches }) => batches);
  const isMoving = useMemo(() => [...live.values()].some(({ status }) => !isOver(status)), [live]);
  const { data, error, refresh } = useJson<List<Batch>>(`/v1/batches?limit=${shown}`, {
    ...(isMoving ? { everyMs: readEveryMs } : {}),
  });
  useOnceOver(isMoving, refresh);
  const rows = useMemo(() => batchRows(data?.data ?? [], [...live.values()]), [data, live]);

  return (
    <Page
      title="Batches"
      lead="Files of requests that are answered by and by, on the slots that people leave."
      tools={
        <a className="button button-primary" href={hashOf("batches", ["new"])}>
          <Icon name="plus" />
          New batch
        </a>
      }
    >
      <div className="stack">
        {error !== undefined && <ErrorNote error={error} onRetry={refresh} />}
        {data === undefined && rows.length === 0 && error === undefined && <Skeleton lines={5} />}
        {data !== undefined && rows.length === 0 && <NoBatches />}
        {rows.length > 0 && (
          <Panel isFlush>
            <Table
              caption="Batches"
              columns={columns}
              rows={rows}
              keyOf={({ id }) => id}
              onOpen={({ id }) => go(hashOf("batches", [id]))}
            />
          </Panel>
        )}
        {data?.has_more === true && (
          <p className="soft small">These are the newest {shown}. Older ones: muster batch ls</p>
        )}
      </div>
    </Page>
  );
}

/** When the last one has ended, its final figures are read. */
function useOnceOver(isMoving: boolean, refresh: () => void): void {
  const was = useRef(isMoving);
  useEffect(() => {
    if (was.current && !isMoving) refresh();
    was.current = isMoving;
  }, [isMoving, refresh]);
}

function NoBatches() {
  return (
    <Empty icon="batches" title="No batches yet">
      <p className="empty-text">
        A batch answers the lines of a file: summaries of ten thousand letters, tags for a catalogue. It takes
        the slots that people leave, and gives every line one answer. Make one here, or with the command line:
      </p>
      <Code
        text={'muster batch run letters.csv --model auto --prompt "Summarise: {text}" -o answers.csv'}
        isWrapped
      />
    </Empty>
  );
}

const columns: readonly Column<BatchRow>[] = [
  {
    id: "name",
    title: "Batch",
    sortBy: ({ name, id }) => name ?? id,
    cell: ({ id, name, model, ...counts }) => (
      <div className="batch-name">
        <a href={hashOf("batches", [id])}>{name ?? shortId(id)}</a>
        <span className="faint tiny one-line">{model ?? (name === null ? "" : shortId(id))}</span>
        {counts.total > 0 && (
          <div className="batch-name-progress">
            <BatchMeter counts={counts} />
            <span className="tiny soft">
              {whole(counts.completed + counts.failed)} of {whole(counts.total)}
              {counts.failed > 0 && <span className="bad-text">, {whole(counts.failed)} failed</span>}
            </span>
          </div>
        )}
      </div>
    ),
  },
  {
    id: "state",
    title: "State",
    sortBy: ({ status }) => status,
    cell: (row) => <BatchState status={row.status} isPaused={row.isPaused} />,
  },
  {
    id: "progress",
    title: "Lines",
    width: "34%",
    isWideOnly: true,
    sortBy: ({ total }) => total,
    cell: (row) =>
      row.total === 0 ? (
        <span className="faint">{unknown}</span>
      ) : (
        <div className="batch-progress">
          <BatchMeter counts={row} />
          <span className="tiny soft">
            {whole(row.completed + row.failed)} of {whole(row.total)}
          </span>
        </div>
      ),
  },
  {
    id: "failed",
    title: "Failed",
    isEnd: true,
    isWideOnly: true,
    sortBy: ({ failed }) => failed,
    cell: ({ failed }) =>
      failed === 0 ? <span className="faint">0</span> : <b className="bad-text">{whole(failed)}</b>,
  },
  {
    id: "speed",
    title: "Speed",
    isEnd: true,
    isWideOnly: true,
    sortBy: ({ linesPerSecond }) => linesPerSecond,
    cell: ({ linesPerSecond }) =>
      !linesPerSecond ? <span className="faint">{unknown}</span> : rate(linesPerSecond, "lines"),
  },
  {
    id: "left",
    title: "Left",
    isEnd: true,
    tip: "By what was done in the last two minutes, and when workers are usually lent",
    sortBy: ({ endsAt }) => endsAt,
    cell: ({ endsAt }) => <Left until={endsAt} />,
  },
  {
    id: "created",
    title: "Created",
    isEnd: true,
    isWideOnly: true,
    sortBy: ({ createdAt }) => createdAt,
    cell: ({ createdAt }) => <Ago at={createdAt} />,
  },
];

/** How long it should still take. */
export function Left({ until }: { readonly until: number | null }) {
  const now = useNow();
  if (until === null) return <span className="faint">{unknown}</span>;
  return <span>{until - now < 5 ? "moments" : roughly(until - now)}</span>;
}

export function shortId(id: string): string {
  return id.length > 18 ? `${id.slice(0, 16)}…` : id;
}
