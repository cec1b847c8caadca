import { drawWork, type SimRequest, type SimWorld } from "./world.ts";

/** What waits for one model: people first, then lines that were given back, then batches in the order they were sent in. */
export class SimLanes {
  readonly #people: SimRequest[] = [];
  readonly #again: SimRequest[] = [];
  readonly #batches: { readonly atMs: number; left: number; readonly meanWork: number }[] = [];
  readonly #model: number;
  readonly #random: () => number;
  #firstPerson = 0;

  constructor(model: number, random: () => number) {
    this.#model = model;
    this.#random = random;
  }

  get peopleWaiting(): number {
    return this.#people.length - this.#firstPerson;
  }

  get linesWaiting(): number {
    return this.#batches.reduce((sum, { left }) => sum + left, this.#again.length);
  }

  get isEmpty(): boolean {
    return this.peopleWaiting === 0 && this.linesWaiting === 0;
  }

  addBatch({ atMs, lines, meanWork }: SimWorld["batches"][number]): void {
    this.#batches.push({ atMs, left: lines, meanWork });
  }

  add(request: SimRequest): void {
    if (request.isInteractive) this.#people.push(request);
    else this.#again.push(request);
  }

  oldestSinceMs(): number | undefined {
    const times = [
      this.#people[this.#firstPerson]?.arrivedAtMs,
      this.#again[0]?.arrivedAtMs,
      this.#batches[0]?.atMs,
    ];
    const known = times.filter((time) => time !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  take(): SimRequest | undefined {
    const person = this.#people[this.#firstPerson];
    if (person !== undefined) {
      this.#firstPerson += 1;
      if (this.#firstPerson === this.#people.length || this.#firstPerson > 1000) {
        this.#people.splice(0, this.#firstPerson);
        this.#firstPerson = 0;
      }
      return person;
    }
    const again = this.#again.shift();
    if (again !== undefined) return again;
    const [batch] = this.#batches;
    if (batch === undefined) return undefined;
    batch.left -= 1;
    if (batch.left <= 0) this.#batches.shift();
    return {
      ...{ model: this.#model, isInteractive: false, arrivedAtMs: batch.atMs },
      work: drawWork(batch.meanWork, this.#random),
    };
  }
}
