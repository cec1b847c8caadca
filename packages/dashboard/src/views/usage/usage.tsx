import type { UsageCounts, UsageReport, UsageRow } from "@muster/sdk";
import { useMemo, useState } from "react";
import { useJson } from "../../data/use-json.ts";
import { useMay } from "../../data/use-session.ts";
import { percent, short, unknown, wattHours, whole } from "../../format/numbers.ts";
import { duration, roughly } from "../../format/times.ts";
import { Code } from "../../parts/code.tsx";
import { Empty } from "../../parts/empty.tsx";
import { ErrorNote } from "../../parts/error-note.tsx";
import { Select } from "../../parts/field.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Skeleton } from "../../parts/loading.tsx";
import { Page } from "../../parts/page.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Stat } from "../../parts/stat.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { Segments } from "../../parts/tabs.tsx";
import { UsageBars } from "./usage-bars.tsx";
import {
  type Dimension,
  daysOf,
  dimensions,
  dimensionWords,
  type SpanDays,
  spans,
  usagePath,
} from "./usage-query.ts";
import { groupOf, type Measure, measureWords, seriesOf } from "./usage-series.ts";
import "./usage.css";

const spanChoices = spans.map((days) => ({ id: String(days), label: `${days} days` }));
const byOptions = dimensions.map((value) => ({ value, label: dimensionWords[value].by }));

/** What keys have taken. Whoever is no administrator sees that of their own tenant. */
export function UsageView() {
  const [span, setSpan] = useState<SpanDays>(30);
  const [by, setBy] = useState<Dimension>("key");
  const [nowMs] = useState(() => Date.now());
  const isAdmin = useMay("admin");
  const options = { keepsLast: true };
  const byDay = useJson<UsageReport>(usagePath({ by: [by, "day"], span, nowMs }), options);
  const sums = useJson<UsageReport>(usagePath({ by: [by], span, nowMs }), options);
  const error = byDay.error ?? sums.error;
  const retry = () => {
    byDay.refresh();
    sums.refresh();
  };

  const tools = (
    <>
      <Select
        isBare
        label="Told by"
        className="usage-by"
        value={by}
        options={byOptions}
        onValue={(value) => setBy(dimensions.find((each) => each === value) ?? "key")}
      />
      <Segments
        label="Span"
        choices={spanChoices}
        chosen={String(span)}
        onChoose={(id) => setSpan(spans.find((days) => String(days) === id) ?? 30)}
      />
      <a
        className="button"
        href={usagePath({ by: [by, "day"], span, nowMs, format: "csv" })}
        download={`usage-${span}-days.csv`}
      >
        <Icon name="download" />
        CSV
      </a>
    </>
  );
  const isReady = byDay.data !== undefined && sums.data !== undefined;
  return (
    <Page
      title="Usage"
      lead={
        isAdmin
          ? "What all keys have taken, by days in UTC."
          : "What the keys of your tenant have taken, by days in UTC."
      }
      tools={tools}
    >
      {error !== undefined && <ErrorNote error={error} onRetry={retry} />}
      {!isReady && error === undefined && <Skeleton lines={6} />}
      {isReady && sums.data.total.requests === 0 && <NoUsage span={span} />}
      {isReady && sums.data.total.requests > 0 && (
        <Shown
          rows={sums.data.data}
          dayRows={byDay.data.data}
          total={sums.data.total}
          by={by}
          days={daysOf(span, nowMs)}
        />
      )}
    </Page>
  );
}

function NoUsage({ span }: { readonly span: SpanDays }) {
  return (
    <Empty icon="usage" title={`Nothing was asked in ${span} days`}>
      <p className="empty-text">
        Requests and lines of batches are counted here as they end. Ask something in the playground, or with
        any OpenAI client:
      </p>
      <Code text={`OPENAI_BASE_URL=${location.origin}/v1`} />
    </Empty>
  );
}

interface ShownProps {
  readonly rows: readonly UsageRow[];
  readonly dayRows: readonly UsageRow[];
  readonly total: UsageCounts;
  readonly by: Dimension;
  readonly days: readonly string[];
}

function Shown({ rows, dayRows, total, by, days }: ShownProps) {
  const [measure, setMeasure] = useState<Measure>("tokens");
  const hasEnergy = total.watt_hours !== null;
  const shown = hasEnergy || measure !== "energy" ? measure : "tokens";
  const series = useMemo(() => seriesOf(dayRows, { days, by, measure: shown }), [dayRows, days, by, shown]);
  const choices = (Object.keys(measureWords) as Measure[])
    .filter((each) => each !== "energy" || hasEnergy)
    .map((id) => ({ id, label: measureWords[id] }));
  return (
    <>
      <Totals total={total} />
      <Panel
        title={`${measureWords[shown]} a day, ${dimensionWords[by].by.toLowerCase()}`}
        tools={
          <Segments
            label="What is shown"
            choices={choices}
            chosen={shown}
            onChoose={(id) => setMeasure(choices.find((each) => each.id === id)?.id ?? "tokens")}
          />
        }
      >
        <UsageBars
          series={series}
          days={days}
          format={shown === "energy" ? wattHours : short}
          label={`${measureWords[shown]} a day for ${days.length} days`}
        />
      </Panel>
      <Panel isFlush>
        <Table
          caption={`Usage ${dimensionWords[by].by.toLowerCase()}`}
          columns={columnsOf(by, total)}
          rows={rows}
          keyOf={(row) => groupOf(row, by).id}
          initialSort={{ column: "tokens", isDescending: true }}
        />
      </Panel>
    </>
  );
}

function Totals({ total }: { readonly total: UsageCounts }) {
  const failed = total.failed_requests;
  return (
    <dl className="usage-totals panel">
      <Stat
        label="Requests"
        value={short(total.requests)}
        note={failed === 0 ? "none failed" : `${whole(failed)} failed, ${percent(failed / total.requests)}`}
      />
      <Stat
        label="Tokens"
        value={short(total.total_tokens)}
        note={`${short(total.prompt_tokens)} in, ${short(total.completion_tokens)} out`}
      />
      <Stat
        label="From cache"
        value={total.prompt_tokens === 0 ? unknown : percent(total.cached_tokens / total.prompt_tokens)}
        note="of prompt tokens"
      />
      <Stat label="Time on workers" value={roughly(total.worker_seconds)} note="answering" />
      {total.watt_hours !== null && <Stat label="Energy" value={wattHours(total.watt_hours)} />}
      {total.cost !== null && (
        <Stat label="Electricity" value={money(total.cost)} note="at the price that is set" />
      )}
    </dl>
  );
}

/** Nobody says in which currency the price is. */
function money(cost: number | null): string {
  if (cost === null) return unknown;
  return cost > 0 && cost < 0.005
    ? "<0.01"
    : cost.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

function columnsOf(by: Dimension, total: UsageCounts): readonly Column<UsageRow>[] {
  const figure = (
    id: string,
    title: string,
    value: (row: UsageRow) => number | null,
    {
      isWideOnly = true,
      format = whole,
    }: { isWideOnly?: boolean; format?: (value: number | null) => string } = {},
  ): Column<UsageRow> => ({
    ...{ id, title, isEnd: true, isWideOnly, sortBy: value },
    cell: (row) => format(value(row)),
  });
  return [
    {
      id: "name",
      title: dimensionWords[by].one,
      sortBy: (row) => groupOf(row, by).name,
      cell: (row) => groupOf(row, by).name,
    },
    figure("requests", "Requests", (row) => row.requests, { isWideOnly: false }),
    figure("failed", "Failed", (row) => row.failed_requests),
    figure("prompt", "Prompt", (row) => row.prompt_tokens),
    figure("cached", "Cached", (row) => row.cached_tokens),
    figure("completion", "Answers", (row) => row.completion_tokens),
    figure("tokens", "Tokens", (row) => row.total_tokens, { isWideOnly: false }),
    figure("time", "On workers", (row) => row.worker_seconds, { format: duration }),
    ...(total.watt_hours === null
      ? []
      : [figure("energy", "Energy", (row) => row.watt_hours, { format: wattHours })]),
    ...(total.cost === null ? [] : [figure("cost", "Cost", (row) => row.cost, { format: money })]),
  ];
}
