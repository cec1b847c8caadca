import type { History, LiveBatch, LiveEvent, LiveWorker } from "@muster/sdk";
import { onTestFinished } from "vitest";

type DataOf = { [Event in LiveEvent as Event["kind"]]: Event["data"] };

/** Follows the live view until the test ends, as a dashboard does: rows are kept, and changed as it is told. */
export class LiveFollower {
  readonly events: LiveEvent[] = [];
  readonly workers = new Map<string, LiveWorker>();
  readonly batches = new Map<string, LiveBatch>();
  readonly #latest: Partial<DataOf> = {};
  readonly #leave = new AbortController();
  /** Resolves when the orchestrator has ended the stream. */
  readonly ended: Promise<void>;
  #wake: () => void = () => {};

  private constructor(response: Response, leave: AbortController) {
    this.#leave = leave;
    this.ended = this.#read(response).catch(() => {});
  }

  static async follow(url: string, key?: string): Promise<LiveFollower> {
    const leave = new AbortController();
    const response = await fetch(`${url}/cluster/v1/live`, {
      signal: leave.signal,
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    });
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    const follower = new LiveFollower(response, leave);
    onTestFinished(() => follower.leave());
    return follower;
  }

  leave(): Promise<void> {
    this.#leave.abort();
    return this.ended;
  }

  /** The last of a kind. */
  latest<Kind extends LiveEvent["kind"]>(kind: Kind): DataOf[Kind] | undefined {
    return this.#latest[kind];
  }

  /** Resolves when it is so; asked again with each event. */
  async until(isSo: () => boolean, withinMs = 15_000): Promise<void> {
    const untilMs = performance.now() + withinMs;
    while (!isSo()) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) throw new Error(`was not told within ${withinMs} ms: ${isSo}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async #read(response: Response): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true });
      const blocks = rest.split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) this.#take(block);
      this.#wake();
    }
  }

  #take(block: string): void {
    const [, kind, json] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
    if (kind === undefined || json === undefined) return;
    const event = { kind, data: JSON.parse(json) } as LiveEvent;
    this.events.push(event);
    Object.assign(this.#latest, { [event.kind]: event.data });
    if (event.kind === "workers") apply(this.workers, event.data);
    if (event.kind === "batches") apply(this.batches, event.data);
  }
}

function apply<Row extends { readonly id: string }>(
  rows: Map<string, Row>,
  changes: { readonly is_full: boolean; readonly data: readonly Row[]; readonly gone: readonly string[] },
): void {
  if (changes.is_full) rows.clear();
  for (const row of changes.data) rows.set(row.id, row);
  for (const id of changes.gone) rows.delete(id);
}

/** Throws the status and message of a refusal. */
export async function historyOf(url: string, query = ""): Promise<History> {
  const response = await fetch(`${url}/cluster/v1/history${query}`);
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as History;
}
