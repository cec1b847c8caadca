import { defineConfig } from "vitest/config";

// Packages are tested from their sources; child processes that the tests start run the build in dist.
const resolve = { conditions: ["muster-source"] };
const ssr = { resolve: { conditions: ["muster-source", "node", "import", "default"] } };

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "bench/**/*.test.ts"],
          testTimeout: 10_000,
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
