import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Packages are tested from their sources; child processes that the tests start run the build in dist.
const resolve = { conditions: ["muster-source"] };
const ssr = { resolve: { conditions: ["muster-source", "node", "import", "default"] } };

// Vitest leaves one core free, and so runs one file at a time on two. Tests mostly wait: for processes, Redis, streams.
const atLeast = (workers: number) => Math.max(workers, availableParallelism() - 1);

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
          include: [
            "packages/*/src/**/*.test.ts",
            "deploy/monitoring/src/**/*.test.ts",
            "bench/**/*.test.ts",
          ],
          testTimeout: 30_000,
          // Loading the sources anew for each file takes longer than the tests; no unit test changes a module.
          isolate: false,
          maxWorkers: atLeast(3),
          // Projects with numbers of workers of their own must not share a group.
          sequence: { groupOrder: 1 },
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "integration",
          include: ["test/{architecture,integration}/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: atLeast(2),
          sequence: { groupOrder: 2 },
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "faults",
          include: ["test/faults/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
