import { printableText } from "@muster/base";
import type { Finding, Worker } from "@muster/sdk";
import { type ClientFlags, createClient } from "./client-options.ts";
import type { CommandIo } from "./command-io.ts";
import { findingMarks } from "./finding-text.ts";
import { formatCount, formatDuration } from "./format.ts";
import { paint, type TableStyle, tableStyle } from "./table.ts";

/** `muster doctor --cluster`: what somebody should look at. The exit code is 1 where there are problems. */
export async function checkCluster(
  io: CommandIo,
  flags: ClientFlags & { readonly json?: boolean },
  signal: AbortSignal,
): Promise<void> {
  const client = createClient(flags, io);
  const options = { signal, maxRetries: 0 };
  const { data: findings } = await client.live.findings(options);
  if (findings.some(({ severity }) => severity === "problem")) io.setExitCode(1);
  if (flags.json) {
    io.stdout.write(`${JSON.stringify(findings, undefined, 2)}\n`);
    return;
  }
  const { data: workers } = await client.workers.list(options);
  io.stdout.write(clusterReport(findings, workers, { nowMs: Date.now(), style: tableStyle(io) }));
}

const order: readonly Finding["severity"][] = ["problem", "warning", "note"];

/** The findings, the worst first, each with what to do, and what there is in all. */
export function clusterReport(
  findings: readonly Finding[],
  workers: readonly Worker[],
  { nowMs, style }: { readonly nowMs: number; readonly style: TableStyle },
): string {
  const lines = order.flatMap((severity) =>
    findings
      .filter((finding) => finding.severity === severity)
      .sort((a, b) => a.since - b.since)
      .flatMap((finding) => linesOf(finding, nowMs, style)),
  );
  const number = (severity: Finding["severity"]) =>
    findings.filter((finding) => finding.severity === severity).length;
  const [problems, warnings] = [number("problem"), number("warning")];
  const counts = [
    problems === 0 ? [] : formatCount(problems, "problem"),
    warnings === 0 ? [] : formatCount(warnings, "warning"),
  ].flat();
  const isWell = counts.length === 0;
  const mark = isWell ? paint("✓", "green", style) : findingMark(problems > 0 ? "problem" : "warning", style);
  const verdict = isWell ? "nothing is wrong" : counts.join(", ");
  return `${[...lines, `${mark} ${verdict}: ${whatThereIs(workers)}`].join("\n")}\n`;
}

function linesOf({ severity, says, fix, since }: Finding, nowMs: number, style: TableStyle): string[] {
  const forMs = Math.max(0, nowMs - since * 1_000);
  const age = paint(`(for ${formatDuration(forMs)})`, "dim", style);
  const line = `${findingMark(severity, style)} ${oneLine(says)} ${age}`;
  return fix === null ? [line] : [line, `  → ${oneLine(fix)}`];
}

function findingMark(severity: Finding["severity"], style: TableStyle): string {
  const { mark, colour } = findingMarks[severity];
  return paint(mark, colour, style);
}

/** `3 workers, 5 models, 2 of 12 slots in use`. */
function whatThereIs(workers: readonly Worker[]): string {
  const connected = workers.filter(({ state }) => state !== "lost");
  const ready = connected.flatMap(({ replicas }) => replicas).filter(({ state }) => state === "ready");
  const slots = ready.reduce((sum, replica) => sum + replica.slots, 0);
  const used = ready.reduce((sum, replica) => sum + replica.slots_used, 0);
  const models = new Set(ready.map(({ model }) => model)).size;
  return [
    formatCount(connected.length, "worker"),
    `${formatCount(models, "model")} ready`,
    `${used} of ${formatCount(slots, "slot")} in use`,
  ].join(", ");
}

function oneLine(text: string): string {
  return printableText(text).replace(/\s+/g, " ");
}
