import type { LiveWorker } from "@muster/sdk";
import { expect, test } from "vitest";
import { heightOfRow, leadOf, listed, loadOf, speedOf, type WorkerFilter } from "./worker-list.ts";

const worker = (name: string, fields: Partial<LiveWorker> = {}) =>
  ({
    id: `w-${name}`,
    name,
    state: "ready",
    pool: null,
    gpus: [],
    replicas: [],
    cpu_load: 0,
    watts: null,
    ...fields,
  }) as LiveWorker;
const gpu = (utilization: number | null) =>
  ({ name: "RTX 4090", utilization, vram_bytes: 24 }) as LiveWorker["gpus"][0];
const replica = (model: string, speed: number | null = null) =>
  ({ model, decode_tokens_per_second: speed }) as LiveWorker["replicas"][0];
const any: WorkerFilter = { text: "", state: "", model: "", sort: "name" };
const names = (workers: readonly LiveWorker[]) => workers.map(({ name }) => name);

const fleet = [
  worker("desk-10", { pool: "desks", replicas: [replica("gemma", 30)], watts: 90 }),
  worker("desk-2", { state: "away", gpus: [gpu(0.2)] }),
  worker("lab-1", { replicas: [replica("qwen", 80)], gpus: [gpu(0.9)], watts: 300 }),
  worker("lab-2", { state: "lost" }),
];

test("workers are found by name, pool, GPU and model, all words of what is typed", () => {
  expect(names(listed(fleet, any))).toEqual(["desk-2", "desk-10", "lab-1", "lab-2"]);
  expect(names(listed(fleet, { ...any, text: "4090 lab" }))).toEqual(["lab-1"]);
  expect(names(listed(fleet, { ...any, text: "Gemma" }))).toEqual(["desk-10"]);
});

test("states and models narrow the list", () => {
  expect(names(listed(fleet, { ...any, state: "away" }))).toEqual(["desk-2"]);
  expect(names(listed(fleet, { ...any, model: "qwen" }))).toEqual(["lab-1"]);
});

test("what needs a look comes first by state, and the most comes first by figures", () => {
  expect(names(listed(fleet, { ...any, sort: "state" }))).toEqual(["lab-2", "desk-10", "lab-1", "desk-2"]);
  expect(names(listed(fleet, { ...any, sort: "watts" }))).toEqual(["lab-1", "desk-10", "desk-2", "lab-2"]);
  expect(names(listed(fleet, { ...any, sort: "speed" }))).toEqual(["lab-1", "desk-10", "desk-2", "lab-2"]);
});

test("a worker is as busy as its busiest GPU, or its processor where no GPU tells", () => {
  expect(loadOf(worker("a", { gpus: [gpu(0.2), gpu(0.7)], cpu_load: 0.1 }))).toBe(0.7);
  expect(loadOf(worker("a", { gpus: [gpu(null)], cpu_load: 0.4 }))).toBe(0.4);
  expect(speedOf(worker("a"))).toBeNull();
});

test("a row is as tall as what it must show", () => {
  const wide = { isNarrow: false, remPx: 16 };
  const two = worker("a", { gpus: [gpu(0), gpu(0), gpu(0)] });
  expect(heightOfRow(worker("a"), wide)).toBeLessThan(heightOfRow(two, wide));
  expect(heightOfRow(worker("a"), { ...wide, remPx: 22 })).toBeGreaterThan(heightOfRow(worker("a"), wide));
});

test("how many are lent is told in words", () => {
  expect(leadOf(fleet)).toBe("4 machines, 2 of them lent now.");
  expect(leadOf([worker("a")])).toBe("1 machine, and it is lent now.");
  expect(leadOf([worker("a", { state: "away" })])).toBe("1 machine, and it is not lent now.");
  expect(leadOf([worker("a"), worker("b")])).toBe("2 machines, all of them lent now.");
});
