import type { History, HistoryFlow, LiveFlow, LiveNow } from "@muster/sdk";
import { expect, test } from "vitest";
import { timelineOf } from "./timeline.ts";

const flow = (values: readonly (number | null)[]) =>
  ({
    generated_tokens_per_second: values,
    prompt_tokens_per_second: values,
    running: values,
    waiting: values,
    first_token_p50_seconds: values,
    first_token_p99_seconds: values,
  }) as unknown as HistoryFlow;
const history = (values: readonly (number | null)[]) =>
  ({
    step_seconds: 10,
    at: values.map((_, index) => 100 + index * 10),
    total: flow(values),
    models: { gemma: flow(values) },
  }) as unknown as History;
const live = (at: number, value: number, models: Record<string, number> = { gemma: value }) => {
  const liveFlow = (each: number) => ({ generated_tokens_per_second: each, running: each }) as LiveFlow;
  return {
    at,
    total: liveFlow(value),
    models: Object.fromEntries(Object.entries(models).map(([name, each]) => [name, liveFlow(each)])),
  } as unknown as LiveNow;
};

test("what is live follows the past, and no moment is there twice", () => {
  const timeline = timelineOf(history([1, 2, 3]), [live(118, 8), live(122, 9), live(126, 10), live(128, 11)]);
  expect(timeline.at).toEqual([100, 110, 120, 126, 128]);
  expect(timeline.total.generated_tokens_per_second).toEqual([1, 2, 3, 10, 11]);
});

test("the last steps of which nothing is known yet are told by what is live", () => {
  const timeline = timelineOf(history([1, 2, null, null]), [live(121, 8), live(131, 9)]);
  expect(timeline.at).toEqual([100, 110, 121, 131]);
  expect(timeline.total.generated_tokens_per_second).toEqual([1, 2, 8, 9]);
});

test("a model that is new has no past, and one that is gone has no present", () => {
  const timeline = timelineOf(history([1, 2]), [live(121, 8, { qwen: 8 })]);
  expect(Object.keys(timeline.models)).toEqual(["gemma", "qwen"]);
  expect(timeline.models["gemma"]?.generated_tokens_per_second).toEqual([1, 2, null]);
  expect(timeline.models["qwen"]?.generated_tokens_per_second).toEqual([null, null, 8]);
});

test("before the past is here, what is live is drawn alone", () => {
  expect(timelineOf(undefined, [live(10, 1), live(12, 2)]).at).toEqual([10, 12]);
});
