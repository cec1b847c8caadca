// `npm run audit`: known holes in what a release consists of, as the registry knows them. A high or critical one fails,
// unless tools/allowed-advisories.json says why it does not concern us. A registry that does not answer fails nothing.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root, run, runTool, ToolError } from "./lib/command.mjs";
import { ensurePnpm, pnpmEnv } from "./lib/packages.mjs";

const timeLimitMs = 20_000;
const grave = ["high", "critical"];

/** The advisories by id, or why there is no answer. */
async function askRegistry() {
  const { program, args } = await ensurePnpm();
  // Once, and no second try: CI waits for it.
  const env = { ...pnpmEnv, npm_config_fetch_retries: "0" };
  const { output } = await run(program, [...args, "audit", "--prod", "--json"], { env, timeLimitMs });
  try {
    const { error, advisories } = JSON.parse(output);
    if (advisories !== undefined) return { kind: "answer", advisories: Object.values(advisories) };
    return { kind: "none", reason: error?.message ?? "no advisories in it" };
  } catch {
    return { kind: "none", reason: output.trim().split("\n").at(-1) ?? "" };
  }
}

await runTool(async () => {
  const answer = await askRegistry();
  if (answer.kind === "none") {
    console.log(`- audit skipped: the registry does not answer (${answer.reason.slice(0, 200)})`);
    return;
  }
  const allowed = JSON.parse(readFileSync(join(root, "tools/allowed-advisories.json"), "utf8"));
  const found = answer.advisories.filter(({ severity }) => grave.includes(severity));
  const problems = found
    .filter(({ github_advisory_id: id }) => !allowed.some((entry) => entry.advisory === id))
    .map(
      ({ github_advisory_id: id, severity, module_name: name, title, patched_versions: patched }) =>
        `${id} (${severity}) ${name}: ${title}; right from ${patched}`,
    );
  if (problems.length > 0)
    throw new ToolError(
      `${problems.join("\n")}\nTake a version that has it right, or add the advisory with a reason to tools/allowed-advisories.json.`,
    );
  const others = answer.advisories.length - found.length;
  console.log(`✓ no high or critical advisory (${found.length} allowed, ${others} of less weight)`);
});
