import type { LiveFlow, LiveNow, LiveWorker } from "@muster/sdk";
import { type Column, columnTable } from "./column-table.ts";
import { type Line, text } from "./line.ts";
import { count, rate, wait } from "./numbers.ts";

interface ModelRow {
  readonly name: string;
  /** Undefined: nobody asks for it. */
  readonly flow: LiveFlow | undefined;
  readonly replicas: number;
  readonly ready: number;
}

const columns: readonly Column<ModelRow>[] = [
  { head: "MODEL", width: 14, grows: true, rank: 0, cell: ({ name }) => text(name) },
  {
    head: "LOADED",
    width: 6,
    isRight: true,
    rank: 6,
    cell: ({ ready, replicas }) => (ready === replicas ? String(ready) : `${ready}/${replicas}`),
  },
  { head: "RUN", width: 4, isRight: true, rank: 1, cell: ({ flow }) => count(flow?.running ?? 0) },
  {
    head: "WAIT",
    width: 5,
    isRight: true,
    rank: 2,
    cell: ({ flow }) => {
      const waiting = flow?.waiting ?? 0;
      return waiting === 0 ? "0" : { text: count(waiting), colour: "yellow" };
    },
  },
  {
    head: "TOK/S",
    width: 6,
    isRight: true,
    rank: 3,
    cell: ({ flow }) => rate(flow?.generated_tokens_per_second ?? 0),
  },
  {
    head: "REQ/S",
    width: 5,
    isRight: true,
    rank: 7,
    cell: ({ flow }) => rate(flow?.requests_per_second ?? 0),
  },
  { head: "P50", width: 6, isRight: true, rank: 5, cell: ({ flow }) => wait(flow?.first_token_p50_seconds) },
  { head: "P99", width: 6, isRight: true, rank: 4, cell: ({ flow }) => wait(flow?.first_token_p99_seconds) },
  { head: "LINES", width: 7, isRight: true, rank: 8, cell: ({ flow }) => count(flow?.lines_left ?? 0) },
];

/** The models that are loaded or asked for, the busiest first; none at all without any. */
export function modelLines(now: LiveNow | undefined, workers: Iterable<LiveWorker>, width: number): Line[] {
  const rows = new Map<string, { replicas: number; ready: number }>();
  for (const name of Object.keys(now?.models ?? {})) rows.set(name, { replicas: 0, ready: 0 });
  for (const { replicas } of workers) {
    for (const { model, state } of replicas) {
      if (state === "unloaded") continue;
      const row = rows.get(model) ?? { replicas: 0, ready: 0 };
      row.replicas += 1;
      if (state === "ready") row.ready += 1;
      rows.set(model, row);
    }
  }
  if (rows.size === 0) return [];
  const models = [...rows].map(([name, row]): ModelRow => ({ name, flow: now?.models[name], ...row }));
  const use = ({ flow }: ModelRow) => [
    flow?.generated_tokens_per_second ?? 0,
    flow?.running ?? 0,
    flow?.waiting ?? 0,
  ];
  models.sort((a, b) => {
    const [ofA, ofB] = [use(a), use(b)];
    const at = ofA.findIndex((value, index) => value !== ofB[index]);
    return at === -1 ? a.name.localeCompare(b.name) : (ofB[at] ?? 0) - (ofA[at] ?? 0);
  });
  return columnTable(columns, models, width);
}
