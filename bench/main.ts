import { existsSync } from "node:fs";
import { benchAccess } from "./access/bench-keys.ts";
import { benchLimits } from "./access/bench-limits.ts";
import { benchBatch } from "./batch/bench-batch.ts";
import { benchClusterAgainstEngine } from "./cluster-against-engine.ts";
import { benchEngine } from "./engine/bench-engine.ts";
import { benchFleet } from "./fleet/bench-fleet.ts";
import { closeConnections } from "./load.ts";
import { benchMirror } from "./mirror.ts";
import { benchOverhead } from "./overhead.ts";
import { benchScheduler } from "./scheduler/bench-scheduler.ts";
import { benchSeeing } from "./seeing/bench-seeing.ts";
import { benchDashboard } from "./seeing/dashboard.ts";
import { benchSim } from "./sim/bench-sim.ts";
import { benchTrust } from "./trust/bench-trust.ts";

/** `npm run bench [-- overhead|access|cluster|engine|batch|mirror|scheduler|fleet|seeing|sim|trust|dashboard]`: prints figures as a table, side by side from one run. Asserts nothing. */
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const runs = (name: string) => wanted.length === 0 || wanted.includes(name);
const print = ([what = "", value = "", goal = ""]: string[]) =>
  console.log(`${what.padEnd(44)} ${value.padStart(16)}   ${goal}`);

console.log(`${"figure (median of 3 rounds)".padEnd(44)} ${"measured".padStart(16)}   goal`);
if (runs("overhead")) await benchOverhead(print);
if (runs("access")) {
  await benchAccess(print);
  await benchLimits(print);
}
if (runs("cluster")) {
  const modelPath = process.env["MUSTER_MODEL"] ?? "";
  if (!existsSync(modelPath)) throw new Error("Set MUSTER_MODEL to a GGUF file for the cluster bench.");
  await benchClusterAgainstEngine(modelPath, print);
}
if (runs("scheduler")) await benchScheduler(print);
// Long, and for CPUs: only when they are asked for.
if (wanted.includes("engine")) await benchEngine(process.argv.slice(2), process.env, print);
if (wanted.includes("batch")) await benchBatch(process.argv.slice(2), process.env, print);
if (wanted.includes("mirror")) await benchMirror(print);
if (wanted.includes("seeing")) await benchSeeing(process.argv.slice(2), print);
if (wanted.includes("sim")) benchSim(print);
if (wanted.includes("fleet")) await benchFleet(process.argv.slice(2), print);
if (wanted.includes("dashboard")) await benchDashboard(print);
if (wanted.includes("trust")) await benchTrust(print);
closeConnections();
