import type { LiveNow, LiveWorker } from "@muster/sdk";
import { count, short } from "../../format/numbers.ts";
import { duration } from "../../format/times.ts";

/** How the cluster is, as somebody would say it: "3 machines lend 4 GPUs; 812 tokens/s; nobody waits." */
export function sentenceOf(now: LiveNow, workers: Iterable<LiveWorker>): string {
  const all = [...workers];
  if (all.length === 0) return "No machine has joined yet.";
  const lent = all.filter(({ state }) => state === "ready");
  if (lent.length === 0) return `${nobodyLends(all)}; ${waiting(now)}.`;
  const gpus = lent.reduce((sum, worker) => sum + worker.gpus.length, 0);
  const machines = `${count(lent.length, "machine")} ${lent.length === 1 ? "lends" : "lend"}`;
  const what = gpus === 0 ? count(lent.length, "processor") : count(gpus, "GPU");
  return `${machines} ${what}; ${speed(now)}; ${waiting(now)}.`;
}

function nobodyLends(all: readonly LiveWorker[]): string {
  const joining = all.filter(({ state }) => state === "joining").length;
  if (joining > 0) return `${count(joining, "machine")} ${joining === 1 ? "is" : "are"} getting ready`;
  const away = all.filter(({ state }) => state === "away").length;
  if (away === all.length) {
    return all.length === 1
      ? "The owner has the machine"
      : `All ${all.length} machines are with their owners`;
  }
  return `None of ${count(all.length, "machine")} is lent now`;
}

function speed({ total }: LiveNow): string {
  const tokens = total.generated_tokens_per_second;
  return tokens < 0.05 && total.running === 0 ? "all at rest" : `${short(tokens)} tokens/s`;
}

function waiting({ total }: LiveNow): string {
  const { waiting: people, oldest_wait_seconds: oldest, lines_left: lines } = total;
  if (people > 0) {
    const since = oldest === null ? "" : `, the longest for ${duration(oldest)}`;
    return `${count(people, "request")} ${people === 1 ? "waits" : "wait"}${since}`;
  }
  return lines > 0 ? `${count(lines, "batch line")} to go` : "nobody waits";
}
