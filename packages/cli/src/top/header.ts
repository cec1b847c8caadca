import type { LiveNow } from "@muster/sdk";
import { workerWord } from "../worker-state.ts";
import { bar, sparkline } from "./bars.ts";
import { apart, cut, joined, type Line, text, widthOf } from "./line.ts";
import { count, gib, rate, share, timeLeft, wait } from "./numbers.ts";
import { shownSeconds, type TopState } from "./top-state.ts";

/** What the head tells besides the state. */
export interface HeaderFacts {
  /** The orchestrator's address. */
  readonly address: string;
  readonly isPaused: boolean;
  /** A moment of Unix time as a clock on the wall shows it. */
  readonly clockText: (unixSeconds: number) => string;
}

const slotBarWidth = 12;
const longestSparkline = 60;

/** How the cluster is as a whole, in five lines. */
export function headerLines(state: TopState, facts: HeaderFacts, width: number): Line[] {
  const { now } = state;
  const title = titleOf(state, facts, width);
  if (now === undefined) return [title, ["Waiting for the first figures."]];
  return [
    title,
    speedOf(state, now, width),
    requestsOf(now, width),
    resourcesOf(now, width),
    countsOf(state, now, width),
  ];
}

function titleOf({ hello, now }: TopState, facts: HeaderFacts, width: number): Line {
  const version = hello === undefined ? "" : ` ${hello.version}`;
  const left: Line = [text(`muster${version}`, "bold"), "  ", text(facts.address, "dim")];
  const paused: Line = facts.isPaused ? [{ text: "PAUSED ", colour: "yellow" }] : [];
  if (now === undefined) return apart(left, paused, width);
  const up = hello === undefined ? "" : `  up ${timeLeft(now.at - hello.started_at)}`;
  return apart(left, [...paused, `${facts.clockText(now.at)}${up}`], width);
}

function speedOf({ rates }: TopState, { at, total }: LiveNow, width: number): Line {
  const peak = Math.max(0, ...rates.map(({ tokensPerSecond }) => tokensPerSecond));
  const figure: Line = [
    "tokens/s ",
    { text: rate(total.generated_tokens_per_second).padStart(6), colour: "bold" },
    "  ",
  ];
  const most: Line = [
    { text: `  peak ${rate(peak)} in ${Math.round(shownSeconds / 60)} min`, colour: "dim" },
  ];
  const room = width - widthOf(figure) - widthOf(most);
  if (room < 8) return cut([...figure, ...most], width);
  const line = sparkline(rates, { width: Math.min(longestSparkline, room), at, seconds: shownSeconds });
  return [...figure, { text: line, colour: "cyan" }, ...most];
}

function requestsOf({ total }: LiveNow, width: number): Line {
  const oldest = total.oldest_wait_seconds;
  const waiting: Line =
    total.waiting === 0
      ? ["waiting 0"]
      : [
          {
            text: `waiting ${count(total.waiting)}${oldest === null ? "" : ` for ${wait(oldest)}`}`,
            colour: "yellow",
          },
        ];
  return joined(
    [
      [`running ${count(total.running)}`],
      waiting,
      [`first token p50 ${wait(total.first_token_p50_seconds)} p99 ${wait(total.first_token_p99_seconds)}`],
      total.failures_per_second > 0
        ? [{ text: `${rate(total.failures_per_second)} failures/s`, colour: "red" }]
        : [],
      [`${rate(total.requests_per_second)} requests/s`],
      [`prompts ${rate(total.prompt_tokens_per_second)} tokens/s`],
    ],
    width,
  );
}

function resourcesOf({ slots, vram, gpu_utilization, watts }: LiveNow, width: number): Line {
  const used = slots.total === 0 ? 0 : slots.used / slots.total;
  return joined(
    [
      [
        "slots ",
        ...bar([{ share: used, mark: "█", colour: "green" }], slotBarWidth),
        ` ${count(slots.used)}/${count(slots.total)}`,
      ],
      gpu_utilization === null ? [] : [`GPU ${share(gpu_utilization)}`],
      watts === null ? [] : [`${count(Math.round(watts))} W`],
      vram.total_bytes === 0
        ? []
        : [`vram ${gib(vram.ours_bytes)}+${gib(vram.others_bytes)} of ${gib(vram.total_bytes)} GiB`],
    ],
    width,
  );
}

function countsOf({ workers }: TopState, { batches, total }: LiveNow, width: number): Line {
  const words: Record<string, number> = {};
  for (const word of [...workers.values()].map(workerWord).sort()) words[word] = (words[word] ?? 0) + 1;
  return joined(
    [
      [`workers ${states(words)}`],
      [`batches ${states(batches)}`],
      total.lines_left === 0 ? [] : [`${count(total.lines_left)} lines left`],
    ],
    width,
  );
}

/** `31 ready, 4 away`. */
function states(counts: Readonly<Record<string, number>>): string {
  const some = Object.entries(counts).filter(([, number]) => number > 0);
  if (some.length === 0) return "none";
  const said = some.map(([state, number]) => `${count(number)} ${state.replaceAll("_", " ")}`).join(", ");
  const clean = text(said);
  return typeof clean === "string" ? clean : clean.text;
}
