// `npm run proof -- [--minutes 30] [--lines 20000] [--seed 17]`: runs the proof of test/faults again and again, each time
// with a seed of its own (or once with the one that is given), until the time is up or a run fails.
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { run, runTool, secondsSince, ToolError } from "./lib/command.mjs";
import { setUp } from "./setup.mjs";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    lines: { type: "string", default: "20000" },
    seed: { type: "string" },
  },
});

function wholeNumber(name, text) {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new ToolError(`--${name} must be a whole number, not "${text}".`);
}

/** Throws where the run fails, with what repeats it. */
async function prove(seed, lines) {
  const args = ["node_modules/vitest/vitest.mjs", "run", "--project", "faults", "proof.test.ts"];
  const env = { MUSTER_PROOF_SEED: String(seed), MUSTER_PROOF_LINES: String(lines) };
  const { code } = await run(process.execPath, args, { show: true, env });
  if (code !== 0)
    throw new ToolError(
      `Seed ${seed} failed. Repeat it with: npm run proof -- --seed ${seed} --lines ${lines}`,
    );
}

await runTool(async () => {
  const minutes = wholeNumber("minutes", values.minutes);
  const lines = wholeNumber("lines", values.lines);
  const startMs = performance.now();
  await setUp({ quiet: true });
  if (values.seed !== undefined) {
    await prove(wholeNumber("seed", values.seed), lines);
    return;
  }
  const untilMs = startMs + minutes * 60_000;
  let runs = 0;
  while (performance.now() < untilMs) {
    await prove(randomInt(1, 1_000_000), lines);
    runs += 1;
    console.log(`${runs} runs passed in ${secondsSince(startMs)}`);
  }
});
