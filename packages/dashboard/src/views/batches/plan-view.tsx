import type { BatchPlan } from "@muster/sdk";
import { count, short, unknown, whole } from "../../format/numbers.ts";
import { duration } from "../../format/times.ts";
import { ErrorNote } from "../../parts/error-note.tsx";
import { Spinner } from "../../parts/loading.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Stat } from "../../parts/stat.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import type { PlanState } from "./batch-input.ts";
import { InputErrors } from "./input-errors.tsx";

/** What a batch would take, before it is one. */
export function PlanView({ state }: { readonly state: PlanState }) {
  switch (state.kind) {
    case "planning":
      return <Spinner label="It is uploaded. Estimating what it takes; you need not wait for it." />;
    case "failed":
      return <ErrorNote error={state.error} />;
    case "planned":
      return <Planned plan={state.plan} />;
    default:
      return state satisfies never;
  }
}

function Planned({ plan }: { readonly plan: BatchPlan }) {
  if (plan.errors.total > 0) return <InputErrors errors={plan.errors.data} total={plan.errors.total} />;
  const tooLong = plan.models.reduce((sum, model) => sum + tooLongOf(model), 0);
  const promptTokens = plan.models.reduce((sum, each) => sum + each.estimated_prompt_tokens, 0);
  const answerTokens = plan.models.reduce((sum, each) => sum + each.max_completion_tokens, 0);
  return (
    <Panel title="Estimate">
      <div className="stack" role="status">
        <dl className="batch-figures">
          <Stat isSmall label="Lines" value={whole(plan.lines)} />
          <Stat isSmall label="Prompt tokens" value={short(promptTokens)} note="about" />
          <Stat isSmall label="Answer tokens" value={short(answerTokens)} note="at most" />
          <Stat isSmall label="Time" value={hoursWords(plan.hours)} note="with the fleet for yours alone" />
        </dl>
        {plan.hours === null && (
          <p className="soft small">
            Nobody can tell how long: no worker for it has been measured yet. It can be started all the same.
          </p>
        )}
        {tooLong > 0 && (
          <p className="small bad-text">
            {count(tooLong, "line")} will fail: no worker’s context can hold {tooLong === 1 ? "it" : "them"} (
            {firstTooLong(plan)}).
          </p>
        )}
        {plan.models.length > 1 && (
          <Table caption="By model" columns={columns} rows={plan.models} keyOf={({ model }) => model} />
        )}
      </div>
    </Panel>
  );
}

type PlannedModel = BatchPlan["models"][number];

function tooLongOf({ too_long_count: all, too_long_lines: lines }: PlannedModel): number {
  return all ?? lines.length;
}

function firstTooLong(plan: BatchPlan): string {
  const lines = plan.models.flatMap(({ too_long_lines: lines }) => lines).slice(0, 5);
  return `line ${lines.map(whole).join(", ")}`;
}

function hoursWords(hours: number | null): string {
  return hours === null ? unknown : duration(hours * 3_600);
}

const columns: readonly Column<PlannedModel>[] = [
  { id: "model", title: "Model", cell: ({ model }) => model },
  { id: "lines", title: "Lines", isEnd: true, cell: ({ lines }) => whole(lines) },
  {
    id: "prompt",
    title: "Prompt tokens",
    isEnd: true,
    isWideOnly: true,
    cell: ({ estimated_prompt_tokens: tokens }) => short(tokens),
  },
  {
    id: "workers",
    title: "Workers",
    isEnd: true,
    isWideOnly: true,
    cell: ({ workers }) => (workers.length === 0 ? "none yet" : whole(workers.length)),
  },
  { id: "hours", title: "Time", isEnd: true, cell: ({ hours }) => hoursWords(hours) },
];
