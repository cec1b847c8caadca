import type { Line } from "./line.ts";

const keys: readonly (readonly [string, string])[] = [
  ["1 2 3", "everything; workers alone; models and batches"],
  ["s", "order the workers: by use, name, memory, GPU, state"],
  ["↑ ↓ j k", "scroll; space and page keys by ten, g and G to the ends"],
  ["p", "keep the picture as it is, and go on"],
  ["q Ctrl-C", "leave"],
];

const words: readonly (readonly [string, string])[] = [
  ["VRAM", "█ Muster's, ▒ other programs', of all; cpu: a machine without a GPU, and how busy it is"],
  ["TOK/S", "of a worker: about, by how fast its answers were lately; else as counted"],
  ["LOADED", "replicas that are ready, of those that there are"],
  ["P50 P99", "how long half, and all but one of a hundred, waited for a first token in the last minute"],
  ["LEFT", "of a batch: until it should be done"],
];

/** What the keys do, and what the heads mean. */
export function helpLines(): Line[] {
  return [[], ...rows(keys), [], ...rows(words), [], ["Any key goes back."]];
}

function rows(pairs: readonly (readonly [string, string])[]): Line[] {
  return pairs.map(([name, says]) => [{ text: name.padEnd(10), colour: "bold" }, says]);
}
