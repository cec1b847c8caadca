import type { History } from "@muster/sdk";
import { useMemo, useState } from "react";
import { hueOf } from "../../data/hues.ts";
import { useJson } from "../../data/use-json.ts";
import { useLive } from "../../data/use-live.ts";
import { short } from "../../format/numbers.ts";
import { duration } from "../../format/times.ts";
import { useNow } from "../../parts/ago.tsx";
import { type ChartSeries, foldSmall } from "../../parts/chart-data.ts";
import { ErrorNote } from "../../parts/error-note.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Segments } from "../../parts/tabs.tsx";
import { TimeChart } from "../../parts/time-chart.tsx";
import { type Span, spans } from "./spans.ts";
import { type Timeline, timelineOf } from "./timeline.ts";

const mostModels = 7;
const nothing: readonly never[] = [];

/** How it went: tokens by model, requests, and the wait for the first token. */
export function Charts() {
  const [spanId, setSpanId] = useState("15m");
  const span = spans.find(({ id }) => id === spanId) ?? (spans[0] as Span);
  const { history, error, refresh } = useHistory(span);
  const recent = useLive((live) => (span.isLive ? live.recent : nothing));
  const timeline = useMemo(() => timelineOf(history, recent), [history, recent]);
  const until = Math.max(timeline.at.at(-1) ?? 0, history?.until ?? 0);
  const time = { at: timeline.at, since: until - span.seconds, until, syncedBy: "now" };

  return (
    <section className="charts" aria-label="How it went">
      <div className="charts-head">
        <h2>How it went</h2>
        <Segments label="How far back" choices={spans} chosen={span.id} onChoose={setSpanId} />
      </div>
      {error !== undefined && <ErrorNote error={error} onRetry={refresh} />}
      <Panel title="Tokens written per second, by model" className="chart-wide">
        <TimeChart
          {...time}
          label="Tokens written per second, by model"
          series={useMemo(() => byModel(timeline), [timeline])}
          isStacked
          format={perSecond}
          least={10}
        />
      </Panel>
      <Panel title="Requests at once">
        <TimeChart
          {...time}
          label="Requests that run, and that wait"
          series={useMemo(() => requests(timeline), [timeline])}
          isWhole
          format={short}
          least={4}
        />
      </Panel>
      <Panel title="Wait for the first token">
        <TimeChart
          {...time}
          label="Wait for the first token"
          series={useMemo(() => firstToken(timeline), [timeline])}
          format={duration}
          least={0.1}
        />
      </Panel>
    </section>
  );
}

const perSecond = (value: number | null) => (value === null ? "–" : short(value));

function byModel({ models }: Timeline): ChartSeries[] {
  const series = Object.entries(models).map(([model, flow]) => ({
    id: model,
    label: model,
    color: hueOf(model),
    values: flow.generated_tokens_per_second,
  }));
  return foldSmall(series, mostModels);
}

function requests({ total }: Timeline): ChartSeries[] {
  return [
    { id: "running", label: "running", color: "--hue-1", values: total.running },
    { id: "waiting", label: "waiting", color: "--hue-2", values: total.waiting },
  ];
}

function firstToken({ total }: Timeline): ChartSeries[] {
  return [
    { id: "p50", label: "half of them within", color: "--hue-1", values: total.first_token_p50_seconds },
    { id: "p99", label: "99 of 100 within", color: "--hue-3", values: total.first_token_p99_seconds },
  ];
}

/** Asked for in whole steps, so that the same question is not another one each second. */
function useHistory(span: Span) {
  const clock = useNow();
  const roundSeconds = span.everyMs / 1000;
  const round = Math.floor(clock / roundSeconds) * roundSeconds;
  const query = new URLSearchParams({
    since: String(round - span.seconds),
    points: String(span.points),
  });
  const { data, error, refresh } = useJson<History>(`/cluster/v1/history?${query}`, { keepsLast: true });
  return { history: data, error, refresh };
}
