// Who may import whom, in every package: main → compose → { http, grpc, adapters } → flows → ports → core.
// test/architecture/rules.test.ts shows that each rule fires.

/** Tests and what only they use may look anywhere. */
const testCode = "\\.(test|contract|fixture|fake)\\.tsx?$";

const layer = (...names) => `^packages/([^/]+)/src/(${names.join("|")})/`;
/** The same package's layers, after a `from` whose first group is the package. */
const own = (...names) => `^packages/$1/src/(${names.join("|")})/`;
/** What `@muster/base` and `@muster/models` resolve to. Which of its names core and ports may take: test/architecture/rules.test.ts. */
const base = "^packages/(base|models)/src/index\\.ts$";

/** base ← models, proto ← orchestrator, worker; cli may import them all, and sdk has a rule of its own. */
const packageOrder = [
  { of: "base", mayImport: ["base"] },
  { of: "models", mayImport: ["models", "base"] },
  { of: "proto", mayImport: ["proto", "base"] },
  { of: "orchestrator", mayImport: ["orchestrator", "models", "proto", "base"] },
  { of: "worker", mayImport: ["worker", "models", "proto", "base"] },
];

/** Of the dashboard, the outermost first: each imports those after it, and itself. */
const dashboardOrder = ["app", "views", "parts", "data", "format"];
const ofDashboard = (...names) => `^packages/dashboard/src/(${names.join("|")})/`;

const rule = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

module.exports = {
  forbidden: [
    rule(
      "core-is-pure",
      "core decides and does nothing: it imports only core and base's pure half, no Node and no npm.",
      { path: layer("core"), pathNot: testCode },
      { pathNot: [own("core"), base] },
    ),
    rule(
      "base-pure-is-pure",
      "base's pure half imports only itself: core builds on it.",
      { path: "^packages/base/src/pure/", pathNot: testCode },
      { pathNot: "^packages/base/src/pure/" },
    ),
    rule(
      "ports-are-types",
      "ports are interfaces in the words of core: no brand and no adapter shows in them.",
      { path: layer("ports"), pathNot: testCode },
      { pathNot: [own("core", "ports"), base] },
    ),
    rule(
      "flows-see-only-ports",
      "flows reach the world through ports: they import flows, ports, core and base.",
      { path: layer("flows"), pathNot: testCode },
      { pathNot: [own("flows", "ports", "core"), base] },
    ),
    rule(
      "siblings-never-meet",
      "http, grpc and adapters know nothing of each other: they meet in compose.",
      { path: layer("http", "grpc"), pathNot: testCode },
      { path: own("http", "grpc", "adapters"), pathNot: "^packages/$1/src/$2/" },
    ),
    rule(
      "siblings-never-meet",
      "Adapters of two brands know nothing of each other; what several of them need is in adapters/common.",
      { path: "^packages/([^/]+)/src/adapters/([^/]+)/", pathNot: testCode },
      {
        path: own("http", "grpc", "adapters"),
        pathNot: ["^packages/$1/src/adapters/$2/", "^packages/$1/src/adapters/common/"],
      },
    ),
    rule(
      "only-compose-builds-adapters",
      "compose.ts and its parts (compose-*.ts) show how things fit. index.ts and testing.ts may name what others need.",
      {
        path: "^packages/([^/]+)/src/",
        pathNot: [
          testCode,
          layer("http", "grpc", "adapters"),
          "^packages/[^/]+/src/(compose|compose-[a-z-]+|index|testing)\\.ts$",
        ],
      },
      { path: own("http", "grpc", "adapters") },
    ),
    rule(
      "only-child-main-loads-llama",
      "Native code runs in the engine's child process: a crash of it must not take the worker along.",
      { pathNot: "^packages/worker/src/adapters/node-llama-cpp/" },
      { path: ["(^|/)node_modules/node-llama-cpp(/|$)", "^node-llama-cpp(/|$)"] },
    ),
    rule(
      "sdk-stands-alone",
      "The SDK runs wherever fetch does: no package, no npm, no Node built-in.",
      { path: "^packages/sdk/src/", pathNot: testCode },
      { pathNot: "^packages/sdk/src/" },
    ),
    rule(
      "dashboard-stands-alone",
      "The dashboard is all that a browser fetches: React, uPlot and its own files. Of the SDK it takes types.",
      { path: "^packages/dashboard/src/", pathNot: testCode },
      {
        pathNot: [
          "^packages/dashboard/src/",
          "(^|/)node_modules/(react|react-dom|uplot)(/|$)",
          "^packages/sdk/src/index\\.ts$",
        ],
      },
    ),
    rule(
      "dashboard-stands-alone",
      "Of the SDK the dashboard takes types alone: import type.",
      { path: "^packages/dashboard/src/", pathNot: testCode },
      { path: "^packages/sdk/src/", dependencyTypesNot: ["type-only"] },
    ),
    ...dashboardOrder.map((name, at) =>
      rule(
        "dashboard-order",
        `main → ${dashboardOrder.join(" → ")}: ${name} imports nothing before it.`,
        { path: ofDashboard(name), pathNot: testCode },
        {
          path: [
            "^packages/dashboard/src/main\\.tsx$",
            ofDashboard(...dashboardOrder.slice(0, at), "nothing"),
          ],
        },
      ),
    ),
    rule(
      "dashboard-order",
      "Two views know nothing of each other: what both need is a part.",
      { path: "^packages/dashboard/src/views/([^/]+)/", pathNot: testCode },
      { path: ofDashboard("views"), pathNot: "^packages/dashboard/src/views/$1/" },
    ),
    ...packageOrder.map(({ of, mayImport }) =>
      rule(
        "package-order",
        `${of} imports ${mayImport.join(", ")} and no other package of ours.`,
        { path: `^packages/${of}/src/`, pathNot: testCode },
        { path: "^packages/", pathNot: [`^packages/(${mayImport.join("|")})/`, "/node_modules/"] },
      ),
    ),
    rule(
      "monitoring-knows-definitions",
      "Rules and dashboards are made of the orchestrator's definitions of metrics, and of nothing else of ours.",
      { path: "^deploy/monitoring/src/" },
      { path: "^(packages|test|tools|bench)/", pathNot: "^packages/orchestrator/src/index\\.ts$" },
    ),
    rule(
      "packages-meet-by-name",
      "Import another package by its name (@muster/…), never by a path into its sources.",
      { path: "^packages/([^/]+)/" },
      { path: "^packages/[^/]+/src/", pathNot: ["^packages/$1/", "^packages/[^/]+/src/index\\.ts$"] },
    ),
    rule(
      "packages-meet-by-name",
      "Import another package by its name (@muster/…), never by a path to its index.ts.",
      { path: "^packages/([^/]+)/" },
      { path: "^packages/[^/]+/src/", pathNot: "^packages/$1/", dependencyTypes: ["local"] },
    ),
    rule(
      "no-cycles",
      "Two files that need each other are one file, or lack a third.",
      {},
      { circular: true },
    ),
    rule(
      "no-orphans",
      "Nobody imports this file, and it imports nobody: delete it.",
      {
        orphan: true,
        path: "^packages/[^/]+/src/",
        pathNot: [testCode, "(/|-)main\\.tsx?$", "/src/index\\.ts$", "/gen/"],
      },
      {},
    ),
    rule("no-unresolvable", "This import leads nowhere.", {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)dist/|^packages/dashboard/site/" },
    // Imports of types count as well.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      // `source`: a package of ours is its sources, whether it was built or not.
      conditionNames: ["muster-source", "import", "node", "default", "types"],
      mainFields: ["module", "main", "types"],
    },
    skipAnalysisNotInRules: true,
  },
};
