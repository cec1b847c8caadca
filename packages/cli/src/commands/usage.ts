import type { UsageCounts, UsageDimension, UsageReport, UsageRow } from "@muster/sdk";
import { Command, InvalidArgumentError, Option } from "commander";
import { csvRow } from "../batch/csv-text.ts";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { duration } from "../duration.ts";
import { formatCount, formatDuration } from "../format.ts";
import { runClientCommand } from "../run-client-command.ts";
import { renderTable, tableStyle } from "../table.ts";

interface UsageFlags extends ClientFlags {
  readonly by: readonly UsageDimension[];
  readonly since: string;
  readonly until?: string;
  readonly model?: string;
  readonly onlyKey?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
}

const dimensions = ["key", "tenant", "model", "day", "class"] as const satisfies readonly UsageDimension[];
const dayPattern = /^\d{4}-\d{2}-\d{2}$/;
const dayMs = 86_400_000;
const usualSpan = "30d";
const columns = [
  ...(["requests", "failed_requests", "prompt_tokens", "cached_tokens", "completion_tokens"] as const),
  ...(["total_tokens", "worker_seconds", "watt_hours", "cost"] as const),
] as const satisfies readonly (keyof UsageCounts)[];

/** `muster usage`: what keys have taken. */
export function usageCommand(io: CommandIo): Command {
  return withClientOptions(new Command("usage"))
    .description("show what was used: requests, tokens, time and energy, by key, model or day")
    .addOption(
      new Option("--by <what>", `one or more of ${dimensions.join(", ")}, joined by commas`)
        .argParser(dimensionsIn)
        .default(["key"], "key"),
    )
    .addOption(
      new Option("--since <when>", "the first day in UTC (2026-11-01), or how many days (30d)")
        .argParser(firstDay)
        .default(firstDay(usualSpan), usualSpan),
    )
    .option("--until <day>", "the last day in UTC (default: today)", dayIn)
    .option("--model <name>", "only this model")
    .option("--only-key <id>", "only the key with this id (--json tells ids)")
    .option("--json", "print as JSON")
    .addOption(new Option("--csv", "print as CSV").conflicts("json"))
    .action((flags: UsageFlags) =>
      runClientCommand(io, async (signal) => {
        const { by, since, until, model, onlyKey: key } = flags;
        const query = { by, since, until, model, key };
        const report = await createClient(flags, io).usage.retrieve(query, { signal, maxRetries: 0 });
        io.stdout.write(shown(report, flags, io));
      }),
    );
}

function shown(report: UsageReport, flags: UsageFlags, io: CommandIo): string {
  if (flags.json) return `${JSON.stringify(report, undefined, 2)}\n`;
  const { by, data, total, since, until } = report;
  if (flags.csv) {
    const named = by.flatMap((name) => (name === "key" ? ([name, "key_name"] as const) : [name]));
    const rows = data.map((row) => [
      ...named.map((name) => row[name] ?? ""),
      ...columns.map((name) => String(row[name] ?? "")),
    ]);
    return [[...named, ...columns], ...rows].map((row) => csvRow(row, ",")).join("");
  }
  if (data.length === 0) return `Nothing was used from ${since} to ${until} (UTC).\n`;
  const hasCost = total.cost !== null;
  const head = [...by, "requests", "failed", "prompt", "cached", "completion", "worker time", "Wh"].map(
    (name) => name.toUpperCase(),
  );
  const keys = keyNames(data);
  const rows = data.map((row) => [
    ...by.map((name) => (name === "key" ? keys.get(row.key ?? "") : row[name]) ?? "-"),
    ...cells(row, hasCost),
  ]);
  const table = renderTable([[...head, ...(hasCost ? ["COST"] : [])], ...rows], tableStyle(io));
  const sum = `${formatCount(total.requests, "request")}, ${formatCount(total.total_tokens, "token")} from ${since} to ${until} (UTC)`;
  return `${table}\n\n${sum}\n`;
}

/** How the keys of a table are told, by id: by their names, and the id where it has none or another key has the same. */
function keyNames(rows: readonly UsageRow[]): ReadonlyMap<string, string> {
  const names = new Map(rows.map(({ key = "", key_name: name }) => [key, name ?? undefined]));
  const isShared = (name: string) => [...names.values()].filter((other) => other === name).length > 1;
  return new Map(
    [...names].map(([id, name]) => [id, name === undefined ? id : isShared(name) ? `${name} (${id})` : name]),
  );
}

function cells(row: UsageCounts, hasCost: boolean): readonly string[] {
  return [
    String(row.requests),
    String(row.failed_requests),
    String(row.prompt_tokens),
    String(row.cached_tokens),
    String(row.completion_tokens),
    formatDuration(row.worker_seconds * 1_000),
    row.watt_hours === null ? "-" : row.watt_hours.toFixed(1),
    ...(hasCost ? [row.cost === null ? "-" : row.cost.toFixed(2)] : []),
  ];
}

/** A day, or the first of as many days as were asked for, today included. */
function firstDay(text: string): string {
  if (dayPattern.test(text)) return text;
  const ms = duration(text);
  return new Date(Date.now() - Math.max(0, ms - dayMs)).toISOString().slice(0, 10);
}

function dayIn(text: string): string {
  if (dayPattern.test(text)) return text;
  throw new InvalidArgumentError("It must be a day such as 2026-11-30.");
}

function dimensionsIn(text: string): readonly UsageDimension[] {
  return text.split(",").map((word) => {
    const dimension = dimensions.find((known) => known === word.trim());
    if (dimension !== undefined) return dimension;
    throw new InvalidArgumentError(`"${word}" is none of ${dimensions.join(", ")}.`);
  });
}
