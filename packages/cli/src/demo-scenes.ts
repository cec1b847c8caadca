import type { Muster, Worker } from "@muster/sdk";
import type { CommandIo } from "./command-io.ts";
import type { DemoPrompt } from "./demo-prompts.ts";
import { formatBytes, formatRate } from "./format.ts";
import { renderTable } from "./table.ts";
import { workerIn } from "./worker-in.ts";

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
export async function streamOne(
  io: CommandIo,
  muster: Muster,
  { model, question }: { readonly model: string; readonly question: string },
): Promise<void> {
  io.stdout.write(`\nYou        ${question}\nAnswer     `);
  const startedMs = performance.now();
  let firstMs: number | undefined;
  let tokens = 0;
  let worker: string | undefined;
  const stream = await muster.chat.completions.create({
    model,
    messages: [{ role: "user", content: question }],
    max_tokens: 96,
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true },
  });
  for await (const chunk of stream) {
    const text = chunk.choices[0]?.delta.content;
    worker = workerIn(chunk) ?? worker;
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

const weatherTool = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Get the current weather in a city",
    parameters: {
      type: "object",
      properties: { city: { type: "string", description: "The city name" } },
      required: ["city"],
    },
  },
} as const;

/** A question that needs a tool: the call that the model makes, what the tool says, and the answer. */
export async function callTool(io: CommandIo, muster: Muster, model: string): Promise<void> {
  const question = { role: "user", content: "What is the weather in Oslo?" } as const;
  const asked = { model, tools: [weatherTool], temperature: 0, max_tokens: 128 };
  io.stdout.write(`\nYou        ${question.content}\n`);
  const first = await muster.chat.completions.create({ ...asked, messages: [question] });
  const calls = first.choices[0]?.message.tool_calls ?? [];
  const results = calls.map(({ id }) => ({
    role: "tool" as const,
    tool_call_id: id,
    content: JSON.stringify({ temperature: 7, condition: "rain" }),
  }));
  for (const [i, call] of calls.entries()) {
    io.stdout.write(`Tool call  ${call.function.name} ${call.function.arguments}\n`);
    io.stdout.write(`Tool says  ${results[i]?.content}\n`);
  }
  const second = await muster.chat.completions.create({
    ...asked,
    messages: [question, { role: "assistant", content: null, tool_calls: calls }, ...results],
  });
  io.stdout.write(`Answer     ${second.choices[0]?.message.content}\n`);
}

/** An answer that a schema holds to its form. */
export async function answerInJson(io: CommandIo, muster: Muster, model: string): Promise<void> {
  const content = "Name: Ada, age: 36. Reply in JSON with name and age.";
  io.stdout.write(`\nYou        ${content}\n`);
  const answer = await muster.chat.completions.create({
    model,
    messages: [{ role: "user", content }],
    temperature: 0,
    max_tokens: 64,
    response_format: {
      type: "json_schema",
      json_schema: {
        name: "person",
        schema: {
          type: "object",
          properties: { name: { type: "string" }, age: { type: "integer" } },
          required: ["name", "age"],
          additionalProperties: false,
        },
      },
    },
  });
  io.stdout.write(`JSON       ${answer.choices[0]?.message.content}\n`);
}

/** Below this a batch is over before anything can happen to it. */
const fewestForAccident = 24;

/** A file of prompts, who answered how many, and how many were right where that is known. */
export async function runBatch(
  io: CommandIo,
  muster: Muster,
  batch: {
    readonly model: string;
    readonly prompts: readonly DemoPrompt[];
    readonly fleet: string;
    /** Something goes wrong in the midst of it; tells what. */
    readonly accident: () => Promise<string>;
  },
): Promise<void> {
  const { model, prompts, fleet, accident } = batch;
  io.stdout.write(`\nBatch      ${prompts.length} prompts over ${fleet}\n`);
  const startedMs = performance.now();
  const lines = prompts.map(({ prompt, answer }, index) => ({
    custom_id: String(index),
    body: {
      model,
      messages: [{ role: "user" as const, content: prompt }],
      max_tokens: 96,
      ...(answer === undefined ? {} : { temperature: 0 }),
    },
  }));
  const perWorker = new Map<string, { lines: number; tokens: number }>();
  const answered = new Set<string>();
  let right = 0;
  let isUnhurt = prompts.length >= fewestForAccident;
  for await (const { customId, response } of muster.batches.run(lines, {
    endpoint: "/v1/chat/completions",
  })) {
    answered.add(customId);
    const worker = (response && workerIn(response)) ?? "no worker";
    const sums = perWorker.get(worker) ?? { lines: 0, tokens: 0 };
    sums.lines += 1;
    sums.tokens += response?.usage?.completion_tokens ?? 0;
    perWorker.set(worker, sums);
    if (response?.choices[0]?.message.content?.trim() === prompts[Number(customId)]?.answer) right += 1;
    if (isUnhurt && answered.size >= prompts.length / 4) {
      isUnhurt = false;
      io.stdout.write(`           ${await accident()} after ${answered.size} answers\n`);
    }
  }
  const seconds = (performance.now() - startedMs) / 1000;
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
  const table = renderTable([["worker", "lines", "tokens", "speed"], ...rows, row("together", total)]);
  io.stdout.write(`\n${table}\n\n${answered.size} of ${prompts.length} lines have one answer each.`);
  const isKnown = prompts.every(({ answer }) => answer !== undefined);
  io.stdout.write(isKnown ? ` ${right} of ${prompts.length} answers are right.\n` : "\n");
}
