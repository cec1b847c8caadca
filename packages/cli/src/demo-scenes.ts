import type { Muster, Worker } from "@muster/sdk";
import type { CommandIo } from "./command-io.ts";
import { demoPrompts, demoQuestion } from "./demo-prompts.ts";
import { formatBytes, formatRate } from "./format.ts";
import { renderTable } from "./table.ts";

/** What `muster demo` shows, one function a scene. */

/** The workers and what they have. */
export function fleetRows(fleet: readonly Worker[]): string[][] {
  const rows = fleet.map(({ name, hardware, replicas }) => {
    const slots = replicas.reduce((sum, replica) => sum + replica.slots, 0);
    const gpus = hardware.gpus.map((gpu) => `${gpu.name} ${formatBytes(gpu.vram_bytes)}`).join(", ");
    return [
      name,
      hardware.cpu_model,
      String(hardware.physical_cores),
      formatBytes(hardware.ram_bytes),
      gpus || "none",
      hardware.backend,
      String(slots),
    ];
  });
  return [["worker", "CPU", "cores", "RAM", "GPU", "backend", "slots"], ...rows];
}

/** One question, its answer as it comes. */
export async function streamOne(io: CommandIo, muster: Muster, model: string): Promise<void> {
  io.stdout.write(`\nYou        ${demoQuestion}\nAnswer     `);
  const startedMs = performance.now();
  let firstMs: number | undefined;
  let tokens = 0;
  let worker: string | undefined;
  const stream = await muster.chat.completions.create({
    model,
    messages: [{ role: "user", content: demoQuestion }],
    max_tokens: 96,
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true },
  });
  for await (const chunk of stream) {
    const text = chunk.choices[0]?.delta.content;
    worker = chunk.system_fingerprint?.replace(/^muster-/, "") ?? worker;
    if (text) {
      firstMs ??= performance.now() - startedMs;
      io.stdout.write(text.replaceAll("\n", "\n           "));
    }
    tokens = chunk.usage?.completion_tokens ?? tokens;
  }
  const seconds = (performance.now() - startedMs) / 1000;
  io.stdout.write(
    `\n           (${worker ?? "?"}: first token after ${Math.round(firstMs ?? 0)} ms, ${formatRate(tokens / seconds)})\n`,
  );
}

/** Many prompts at once, and who answered how many. */
export async function runBatch(
  io: CommandIo,
  muster: Muster,
  batch: { readonly model: string; readonly lines: number; readonly fleet: string },
): Promise<void> {
  const { model, lines, fleet } = batch;
  io.stdout.write(`\nBatch      ${lines} prompts over ${fleet}\n\n`);
  const startedMs = performance.now();
  const answers = await Promise.all(
    demoPrompts(lines).map((content) =>
      muster.chat.completions.create({
        model,
        messages: [{ role: "user", content }],
        max_tokens: 48,
        service_tier: "flex",
      }),
    ),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  const perWorker = new Map<string, { lines: number; tokens: number }>();
  for (const answer of answers) {
    const worker = answer.worker ?? "?";
    const sums = perWorker.get(worker) ?? { lines: 0, tokens: 0 };
    sums.lines += 1;
    sums.tokens += answer.usage?.completion_tokens ?? 0;
    perWorker.set(worker, sums);
  }
  const row = (name: string, sums: { lines: number; tokens: number }) => [
    name,
    String(sums.lines),
    String(sums.tokens),
    formatRate(sums.tokens / seconds),
  ];
  const rows = [...perWorker].sort().map(([name, sums]) => row(name, sums));
  const total = [...perWorker.values()].reduce(
    (sum, one) => ({ lines: sum.lines + one.lines, tokens: sum.tokens + one.tokens }),
    { lines: 0, tokens: 0 },
  );
  io.stdout.write(
    `${renderTable([["worker", "lines", "tokens", "speed"], ...rows, row("together", total)])}\n`,
  );
}
