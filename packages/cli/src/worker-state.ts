import type { Cell, Colour } from "./table.ts";

/** As much of a worker as its word needs: of the list of workers, or of the live view. */
export interface StatedWorker {
  readonly state: string;
  readonly availability?: { readonly state: string } | undefined;
  readonly replicas: readonly { readonly state: string; readonly progress: number | null }[];
}

const colours: Readonly<Record<string, Colour>> = {
  ready: "green",
  idle: "green",
  joining: "yellow",
  away: "dim",
  draining: "yellow",
  lost: "red",
};

/** What a worker does now, in a word. One that has joined and has nothing loaded is not on its way: it is idle. */
export function workerWord({ state, availability, replicas }: StatedWorker): string {
  if (state !== "joining") return state;
  const isLent = availability === undefined || availability.state === "lending";
  if (!isLent) return "away";
  return replicas.every((replica) => replica.state === "unloaded") ? "idle" : "joining";
}

/** The word as a cell; a newer orchestrator may know more of them. */
export function workerStateCell(worker: StatedWorker): Cell {
  const text = workerWord(worker);
  const colour = colours[text];
  return colour === undefined ? text : { text, colour };
}
