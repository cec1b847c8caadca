import type { PlacementModel, PlacementWorker } from "@muster/orchestrator/testing";
import { drawOne, officeModel, officeWorker, seeded } from "../scheduler/office.ts";

const minuteMs = 60_000;
const hourMs = 3_600_000;

/** One desk over a day: when it is lent, and how fast it really is. */
export interface SimDesk {
  readonly worker: PlacementWorker;
  /** Sorted, apart from each other: [from, to). */
  readonly lent: readonly (readonly [number, number])[];
  /** What it reaches of the speed that its card promises: nobody knows before it is measured. */
  readonly speedFactor: number;
}

export interface SimRequest {
  readonly model: number;
  readonly isInteractive: boolean;
  readonly arrivedAtMs: number;
  /** Tokens to write, with the reading of the prompt in the same measure. */
  readonly work: number;
}

export interface SimWorld {
  readonly desks: readonly SimDesk[];
  readonly models: readonly PlacementModel[];
  /** Thousand million parameters, by model: a token counts so much. */
  readonly weights: readonly number[];
  /** In the order of their arrival. */
  readonly interactive: readonly SimRequest[];
  /** How much of each model's lines there are at which time. */
  readonly batches: readonly {
    readonly atMs: number;
    readonly model: number;
    readonly lines: number;
    readonly meanWork: number;
  }[];
  readonly endMs: number;
}

export interface WorldOptions {
  readonly seed: number;
  readonly desks: number;
  readonly hours: number;
  /** People's requests in a second of a working hour, over all models. */
  readonly interactivePerSecond: number;
  /** Lines for each desk, over all models and batches. */
  readonly linesPerDesk: number;
}

export const wholeDay: WorldOptions = {
  seed: 11,
  desks: 1000,
  hours: 24,
  interactivePerSecond: 4,
  linesPerDesk: 2400,
};

/** Parameters, and the shares of people and of batch work: each size is asked for. */
const offered = [
  { id: "m-02b", billions: 2, people: 0.2, lines: 0.3 },
  { id: "m-04b", billions: 4, people: 0.35, lines: 0.35 },
  { id: "m-12b", billions: 12, people: 0.25, lines: 0.25 },
  { id: "m-27b", billions: 27, people: 0.1, lines: 0.06 },
  { id: "m-31b", billions: 31, people: 0.1, lines: 0.04 },
];
const people = offered.map(({ people: share }) => ({ share }));
const meanWork = { interactive: 300, line: 4800 };

/** The same for the same options: desks of an office, their owners, what people ask, what is sent in as batches. */
export function makeWorld(options: WorldOptions): SimWorld {
  const random = seeded(options.seed);
  const endMs = options.hours * hourMs;
  const desks = Array.from({ length: options.desks }, (_, index): SimDesk => {
    const worker = officeWorker(`desk-${String(index).padStart(4, "0")}`, random);
    return { worker, lent: lentTimes(endMs, random), speedFactor: 0.75 + 0.3 * random() };
  });
  // One variant each: then the bound does not depend on which quality somebody would choose.
  const models = offered.map(({ id, billions }) => {
    const model = officeModel(id, billions);
    return { ...model, variants: model.variants.slice(-1) };
  });
  return {
    desks,
    models,
    weights: offered.map(({ billions }) => billions),
    interactive: peopleRequests(options, random),
    batches: batchesOf(options),
    endMs,
  };
}

/** Most owners work by day, with a break and some meetings; some desks are empty all day, some machines have no owner. */
function lentTimes(endMs: number, random: () => number): (readonly [number, number])[] {
  if (random() < 0.2) return [[0, endMs]];
  const busy: [number, number][] = [];
  for (let dayMs = 0; dayMs < endMs; dayMs += 24 * hourMs) {
    const from = dayMs + (8 + 2 * random()) * hourMs;
    const to = dayMs + (16 + 3 * random()) * hourMs;
    const breaks: [number, number][] = [[dayMs + (12 + random()) * hourMs, (30 + 45 * random()) * minuteMs]];
    for (let meeting = 0; meeting < 2; meeting++) {
      breaks.push([from + random() * (to - from), (20 + 60 * random()) * minuteMs]);
    }
    let at = from;
    for (const [start, length] of breaks.sort((a, b) => a[0] - b[0])) {
      if (start <= at || start + length >= to) continue;
      busy.push([at, start]);
      at = start + length;
    }
    busy.push([at, to]);
  }
  const lent: [number, number][] = [];
  let at = 0;
  // A machine is lent once its owner has been gone for some minutes.
  for (const [from, to] of busy) {
    if (from > at) lent.push([at, Math.min(from, endMs)]);
    at = to + 5 * minuteMs;
  }
  if (at < endMs) lent.push([at, endMs]);
  return lent.filter(([from, to]) => to > from && from < endMs);
}

function peopleRequests(options: WorldOptions, random: () => number): SimRequest[] {
  const requests: SimRequest[] = [];
  const endMs = options.hours * hourMs;
  let atMs = 0;
  for (;;) {
    atMs += (-Math.log(1 - random()) * 1000) / options.interactivePerSecond;
    if (atMs >= endMs) return requests;
    const hour = (atMs / hourMs) % 24;
    const share = hour >= 8 && hour < 18 ? 1 : 0.08;
    if (random() >= share) continue;
    const model = people.indexOf(drawOne(people, random));
    requests.push({
      model,
      isInteractive: true,
      arrivedAtMs: atMs,
      work: drawWork(meanWork.interactive, random),
    });
  }
}

/** More than the fleet can do in the time, so that no second need be without work. */
function batchesOf({ desks, hours, linesPerDesk }: WorldOptions): SimWorld["batches"] {
  return offered.flatMap(({ lines }, model) =>
    [0, 0.05, 0.1].map((share) => ({
      ...{ model, meanWork: meanWork.line },
      atMs: share * hours * hourMs,
      lines: Math.ceil((lines * desks * linesPerDesk) / 3),
    })),
  );
}

/** Most are short, some are long. */
export function drawWork(mean: number, random: () => number): number {
  return mean * Math.min(6, 0.2 - 0.8 * Math.log(1 - random()));
}

/** Of all desks together. */
export function lentHours({ desks }: SimWorld): number {
  const lengths = desks.flatMap(({ lent }) => lent.map(([from, to]) => to - from));
  return lengths.reduce((sum, length) => sum + length, 0) / hourMs;
}
