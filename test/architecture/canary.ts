import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

interface Canary {
  /** The rule that must fire, and nothing else may. */
  readonly rule: string;
  readonly file: string;
  readonly imports: string;
}

/** One file per breach, in a tree that is clean otherwise. */
export const canaries: readonly Canary[] = [
  breach("core-is-pure", "packages/orchestrator/src/core/reads-a-file.ts", "node:fs"),
  breach("core-is-pure", "packages/orchestrator/src/core/uses-npm.ts", "bullmq"),
  breach("core-is-pure", "packages/orchestrator/src/core/knows-a-port.ts", "../ports/queue.ts"),
  breach("base-pure-is-pure", "packages/base/src/pure/reads-the-clock.ts", "../node/real-clock.ts"),
  breach("ports-are-types", "packages/orchestrator/src/ports/shows-a-brand.ts", "bullmq"),
  breach("ports-are-types", "packages/orchestrator/src/ports/knows-a-flow.ts", "../flows/journey.ts"),
  breach("flows-see-only-ports", "packages/orchestrator/src/flows/reads-a-file.ts", "node:fs"),
  breach("flows-see-only-ports", "packages/orchestrator/src/flows/speaks-proto.ts", "@muster/proto"),
  breach("siblings-never-meet", "packages/orchestrator/src/http/knows-grpc.ts", "../grpc/server.ts"),
  breach("siblings-never-meet", "packages/orchestrator/src/grpc/knows-redis.ts", "../adapters/redis/bus.ts"),
  breach("siblings-never-meet", "packages/orchestrator/src/adapters/disk/knows-redis.ts", "../redis/bus.ts"),
  breach(
    "siblings-never-meet",
    "packages/orchestrator/src/adapters/common/knows-redis.ts",
    "../redis/bus.ts",
  ),
  breach("only-compose-builds-adapters", "packages/orchestrator/src/main.ts", "./adapters/redis/bus.ts"),
  breach("only-compose-builds-adapters", "packages/orchestrator/src/serve.ts", "./http/knows-nothing.ts"),
  breach("only-child-main-loads-llama", "packages/worker/src/adapters/stub/engine.ts", "node-llama-cpp"),
  breach("sdk-stands-alone", "packages/sdk/src/reads-a-file.ts", "node:fs"),
  breach("sdk-stands-alone", "packages/sdk/src/uses-npm.ts", "bullmq"),
  breach("sdk-stands-alone", "packages/sdk/src/knows-base.ts", "@muster/base"),
  breach("dashboard-stands-alone", "packages/dashboard/src/data/uses-npm.ts", "bullmq"),
  breach("dashboard-stands-alone", "packages/dashboard/src/data/knows-base.ts", "@muster/base"),
  breach("dashboard-stands-alone", "packages/dashboard/src/data/runs-the-sdk.ts", "@muster/sdk"),
  breach("dashboard-order", "packages/dashboard/src/app/knows-main.tsx", "../main.tsx"),
  breach("dashboard-order", "packages/dashboard/src/views/now/knows-app.tsx", "../../app/app.tsx"),
  breach("dashboard-order", "packages/dashboard/src/views/now/knows-a-neighbour.tsx", "../keys/keys.tsx"),
  breach("dashboard-order", "packages/dashboard/src/parts/knows-a-view.tsx", "../views/keys/keys.tsx"),
  breach("dashboard-order", "packages/dashboard/src/data/knows-a-part.ts", "../parts/button.tsx"),
  breach("dashboard-order", "packages/dashboard/src/format/knows-data.ts", "../data/api.ts"),
  breach("package-order", "packages/base/src/node/speaks-proto.ts", "@muster/proto"),
  breach("package-order", "packages/proto/src/knows-the-service.ts", "@muster/orchestrator"),
  breach("package-order", "packages/worker/src/knows-the-service.ts", "@muster/orchestrator"),
  breach("monitoring-knows-definitions", "deploy/monitoring/src/knows-the-worker.ts", "@muster/worker"),
  breach("packages-meet-by-name", "packages/cli/src/goes-by-path.ts", "../../base/src/pure/clock.ts"),
  breach("packages-meet-by-name", "packages/cli/src/goes-by-index.ts", "../../base/src/index.ts"),
  breach("no-cycles", "packages/cli/src/egg.ts", "./hen.ts"),
  breach("no-unresolvable", "packages/cli/src/leads-nowhere.ts", "./nowhere.ts"),
  { rule: "no-orphans", file: "packages/cli/src/alone.ts", imports: "" },
];

/** What the canaries import, and the same imports where they are allowed. */
const cleanFiles: Readonly<Record<string, string>> = {
  "packages/base/src/index.ts": importing("./pure/clock.ts", "./node/real-clock.ts"),
  "packages/base/src/pure/clock.ts": importing(),
  "packages/base/src/node/real-clock.ts": importing("node:perf_hooks", "../pure/clock.ts"),
  "packages/proto/src/index.ts": importing("@muster/base"),
  "packages/orchestrator/src/index.ts": importing("./compose.ts"),
  "packages/orchestrator/src/compose.ts": importing("./adapters/redis/bus.ts", "./grpc/server.ts"),
  "packages/orchestrator/src/core/job.ts": importing("@muster/base"),
  "packages/orchestrator/src/core/job.test.ts": importing("node:fs", "./job.ts", "../adapters/redis/bus.ts"),
  "packages/orchestrator/src/ports/queue.ts": importing("../core/job.ts", "@muster/base"),
  "packages/orchestrator/src/ports/queue.contract.ts": importing("./queue.ts", "../adapters/redis/bus.ts"),
  "packages/orchestrator/src/flows/journey.ts": importing("../ports/queue.ts", "../core/job.ts"),
  "packages/orchestrator/src/http/knows-nothing.ts": importing("../flows/journey.ts", "node:http"),
  "packages/orchestrator/src/grpc/server.ts": importing("../flows/journey.ts", "@muster/proto"),
  "packages/orchestrator/src/adapters/redis/bus.ts": importing(
    "../common/connection.ts",
    "../../ports/queue.ts",
  ),
  "packages/orchestrator/src/adapters/common/connection.ts": importing("node:net"),
  "packages/orchestrator/src/adapters/bullmq/queue.ts": importing("bullmq", "../common/connection.ts"),
  "packages/worker/src/index.ts": importing("@muster/proto"),
  "deploy/monitoring/src/index.ts": importing("@muster/orchestrator"),
  "packages/worker/src/adapters/node-llama-cpp/child-main.ts": importing("node-llama-cpp"),
  "packages/sdk/src/index.ts": importing(),
  "packages/dashboard/src/main.tsx": importing("react"),
  "packages/dashboard/src/app/app.tsx": importing("../views/keys/keys.tsx", "react"),
  "packages/dashboard/src/views/keys/keys.tsx": importing("../../parts/button.tsx"),
  "packages/dashboard/src/parts/button.tsx": importing("../data/api.ts"),
  "packages/dashboard/src/data/api.ts": `import type { value as sdk } from "@muster/sdk";\n${importing("../format/numbers.ts")}`,
  "packages/dashboard/src/format/numbers.ts": importing(),
  // One of the two files of a cycle is named.
  "packages/cli/src/hen.ts": importing("./egg.ts"),
  "packages/cli/src/main.ts": importing("@muster/base", "@muster/orchestrator", "@muster/sdk"),
};

/** Writes the tree into `folder`, with its packages linked as pnpm links them. */
export async function writeCanaryTree(folder: string): Promise<void> {
  const write = async (file: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  };
  for (const [file, text] of Object.entries(cleanFiles)) await write(file, text);
  for (const { file, imports } of canaries)
    await write(file, imports === "" ? importing() : importing(imports));
  for (const name of ["bullmq", "node-llama-cpp", "react"]) {
    await write(`node_modules/${name}/package.json`, JSON.stringify({ name, main: "index.js" }));
    await write(`node_modules/${name}/index.js`, "");
  }
  await mkdir(join(folder, "node_modules/@muster"));
  for (const name of ["base", "proto", "orchestrator", "worker", "sdk", "cli", "dashboard"]) {
    const exports = { ".": { "muster-source": "./src/index.ts", default: "./dist/index.js" } };
    await write(`packages/${name}/package.json`, JSON.stringify({ name: `@muster/${name}`, exports }));
    await symlink(`../../packages/${name}`, join(folder, "node_modules/@muster", name));
  }
}

function breach(rule: string, file: string, imports: string): Canary {
  return { rule, file, imports };
}

function importing(...specifiers: readonly string[]): string {
  return [...specifiers.map((from) => `import ${JSON.stringify(from)};`), "export const value = 1;", ""].join(
    "\n",
  );
}
