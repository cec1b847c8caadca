import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { type BatchApi, createBatchApi } from "../harness/batch-api.ts";
import {
  type AtEnd,
  chat,
  endProcess,
  eventually,
  readStream,
  startCluster,
  type TestCluster,
  temporaryDirectory,
  untilSuiteEnds,
} from "../harness/cluster.ts";
import { keysOf } from "../harness/keys-api.ts";
import { installNvidiaSmi } from "../support/nvidia-smi.ts";
import {
  mustSkip,
  type QueriedSeries,
  skipNote,
  startPrometheus,
  type TestPrometheus,
} from "../support/prometheus-server.ts";

const deploy = fileURLToPath(new URL("../../deploy", import.meta.url));
const operator = "an-operator-key-0123456789";
const withinMs = 30_000;

/** What a fleet of stub engines cannot do: a model would have to be fetched, and loaded by placement. */
const withoutData = new Set(["Cold starts, last hour"]);

interface ScrapeConfig {
  global: Record<string, string>;
  rule_files: string[];
  scrape_configs: {
    scheme: string;
    authorization: { credentials_file: string };
    tls_config: { ca_file: string };
    static_configs: { targets: string[]; labels?: Record<string, string> }[];
  }[];
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly record?: string; readonly alert?: string; readonly expr: string }[];
  }[];
}

interface Board {
  readonly title: string;
  readonly panels: readonly {
    readonly type: string;
    readonly title: string;
    readonly targets?: readonly { readonly expr: string; readonly instant: boolean }[];
  }[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly templating: { readonly list: readonly { readonly type: string; readonly definition?: string }[] };
}

/** Two orchestrators of one cluster: clients and workers use the first, the second has TLS and a listener for metrics. */
async function startOffice(atEnd: AtEnd) {
  const shared = {
    redisPrefix: `prometheus-${process.pid}`,
    objectStore: await temporaryDirectory(atEnd),
    trustDirectory: await temporaryDirectory(atEnd),
    apiKeys: [operator],
  };
  const one = await startCluster(shared, atEnd);
  const metricsListener = { host: "127.0.0.1", port: 0 };
  const two = await startCluster({ ...shared, tls: { kind: "own" }, fleetTls: "on", metricsListener }, atEnd);
  return { one, two, trustDirectory: shared.trustDirectory };
}

/** prometheus.yml as it is committed, but for targets, intervals and where secrets are. */
async function configFor(
  directory: string,
  { one, two, trustDirectory }: Awaited<ReturnType<typeof startOffice>>,
) {
  const config = parse(await readFile(join(deploy, "prometheus/prometheus.yml"), "utf8")) as ScrapeConfig;
  const [job] = config.scrape_configs;
  if (job === undefined) throw new Error("prometheus.yml has no job");
  const { key } = await keysOf(one.url, operator).create({ name: "prometheus", scopes: ["metrics"] });
  job.authorization.credentials_file = join(directory, "metrics.key");
  await writeFile(job.authorization.credentials_file, key, { mode: 0o600 });
  job.tls_config.ca_file = join(trustDirectory, "ca.crt");
  expect(job.scheme).toBe("https");
  job.static_configs = [
    { targets: [new URL(one.url).host], labels: { __scheme__: "http" } },
    { targets: [new URL(two.orchestrator.metricsUrl ?? "").host] },
  ];
  config.global = { scrape_interval: "1s", evaluation_interval: "1s" };
  for (const file of config.rule_files) {
    const text = await readFile(join(deploy, "prometheus", file), "utf8");
    await writeFile(join(directory, file), text.replaceAll("interval: 30s", "interval: 1s"));
  }
  return stringify(config);
}

/** Somebody asks all the time, until the suite ends. */
function keepAsking(cluster: TestCluster, atEnd: AtEnd): void {
  const isOver = new AbortController();
  const ask = async () => {
    while (!isOver.signal.aborted) {
      const words = "a question of a few words";
      await (await cluster.post("/v1/chat/completions", chat(words, { max_tokens: 12 }))).text();
      await readStream(
        await cluster.post("/v1/chat/completions", chat(words, { max_tokens: 12, stream: true })),
      );
    }
  };
  const asking = ask();
  atEnd(async () => {
    isOver.abort();
    await asking;
  });
}

const linesOf = (count: number) =>
  Array.from({ length: count }, (_none, at) =>
    JSON.stringify({
      ...{ custom_id: `line-${at}`, method: "POST", url: "/v1/chat/completions" },
      body: chat(`line ${at} of many`, { max_tokens: 20 }),
    }),
  ).join("\n");

async function startBatch(batches: BatchApi, lines: number): Promise<string> {
  const { id } = await batches.upload(linesOf(lines));
  return (await batches.create(id)).id;
}

const isData = (series: readonly QueriedSeries[]) =>
  series.some(({ values }) => values.some(Number.isFinite));

/** What Grafana would put in place of its variables. */
const filled = (expr: string) =>
  expr
    .replaceAll("$__rate_interval", "15s")
    .replaceAll("$__range_s", "60")
    .replaceAll("$__range", "60s")
    .replace(/\$(model|worker)/g, ".*");

async function boards(): Promise<readonly Board[]> {
  const names = (await readdir(join(deploy, "grafana"))).filter((name) => name.endsWith(".json"));
  return Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(deploy, "grafana", name), "utf8")) as Board),
  );
}

async function rulesIn(file: string) {
  const { groups } = parse(await readFile(join(deploy, "prometheus", file), "utf8")) as Rules;
  return groups.flatMap(({ rules }) => rules);
}

describe.skipIf(mustSkip)(`a real Prometheus and a live cluster${skipNote}`, () => {
  const atEnd = untilSuiteEnds();
  let prometheus: TestPrometheus;

  /** Asks until there are numbers; an empty text, or what was asked in vain. */
  const asked = async (what: string, ask: () => Promise<readonly QueriedSeries[]>): Promise<string> => {
    try {
      await eventually(async () => isData(await ask()), withinMs, 500);
      return "";
    } catch (error) {
      return `${what}: ${String(error).slice(0, 200)}`;
    }
  };

  beforeAll(async () => {
    const office = await startOffice(atEnd);
    const { one } = office;
    const directory = await temporaryDirectory(atEnd);
    prometheus = await startPrometheus(directory, await configFor(directory, office));
    atEnd(() => prometheus.stop());
    const holds = (expr: string) =>
      eventually(async () => (await prometheus.query(expr)).length > 0, withinMs, 200);
    await holds('count(up{job="muster"} == 1) == 2');

    const { folder } = await installNvidiaSmi(atEnd);
    const env = { PATH: `${folder}:${process.env["PATH"]}`, MUSTER_GPUS: "0", MUSTER_STUB_RATE: "40" };
    await one.workerProcess("desk", { env });
    await holds('muster_worker_up{worker="desk"} == 1');
    const attic = await one.workerProcess("attic", { env });
    keepAsking(one, atEnd);
    const batches = createBatchApi({ url: () => one.url, key: operator });
    await batches.untilState(await startBatch(batches, 4), "completed", withinMs);
    await startBatch(batches, 3_000);
    await holds('muster_worker_up{worker="attic"} == 1');
    // Its requests begin anew at the other, and an alert waits for its time.
    await endProcess(attic);
    await holds('ALERTS{alertname="MusterWorkerLost"}');
  }, 180_000);

  it("have numbers for every panel of every dashboard", async () => {
    const panels = (await boards()).flatMap(({ title, panels: all }) =>
      all.flatMap(({ title: panel, targets = [] }) =>
        targets.map(({ expr, instant }) => ({
          name: `${title}, ${panel}`,
          panel,
          expr: filled(expr),
          instant,
        })),
      ),
    );
    expect(panels.length).toBeGreaterThan(60);
    const missing = await Promise.all(
      panels
        .filter(({ panel }) => !withoutData.has(panel))
        .map(({ name, expr, instant }) =>
          asked(`${name}: ${expr}`, () => (instant ? prometheus.query(expr) : prometheus.queryRange(expr))),
        ),
    );
    expect(missing.filter((text) => text !== "")).toEqual([]);
    for (const { expr } of panels) await prometheus.query(expr);
  }, 120_000);

  it("have values for every variable, and understand every annotation", async () => {
    for (const { title, templating, annotations } of await boards()) {
      for (const { definition } of templating.list.filter(({ type }) => type === "query")) {
        const [, series = "", label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(definition ?? "") ?? [];
        expect([title, definition, await prometheus.labelValues(label, series)]).not.toContainEqual([]);
      }
      for (const { expr } of annotations.list) await prometheus.query(expr);
    }
  });

  it("have a number for every rule that is recorded", async () => {
    const rules = await rulesIn("muster-rules.yml");
    expect(rules.length).toBeGreaterThan(20);
    const missing = await Promise.all(
      rules.map(({ record = "" }) => asked(record, () => prometheus.query(record))),
    );
    expect(missing.filter((text) => text !== "")).toEqual([]);
  }, 120_000);

  it("evaluate every rule without an error, and no alert fires but those that should", async () => {
    const { groups } = (await prometheus.get("rules")) as {
      groups: { rules: { name: string; health: string; lastError?: string; state?: string }[] }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    const committed = [...(await rulesIn("muster-rules.yml")), ...(await rulesIn("muster-alerts.yml"))];
    expect(rules.map(({ name }) => name).sort()).toEqual(
      committed.map(({ record, alert }) => record ?? alert).sort(),
    );
    expect(rules.filter(({ health, lastError = "" }) => health !== "ok" || lastError !== "")).toEqual([]);
    const raised = rules.filter(({ state }) => state === "pending" || state === "firing");
    // This machine's own disk may be what it is.
    const own = raised.map(({ name }) => name).filter((name) => !/Disk|EventLoop/.test(name));
    expect(own).toEqual(["MusterWorkerLost"]);
  });

  it("know each other by a key of the scope metrics alone, on both listeners, with and without TLS", async () => {
    const { activeTargets } = (await prometheus.get("targets")) as {
      activeTargets: { scrapeUrl: string; health: string; labels: Record<string, string> }[];
    };
    expect(
      activeTargets.map(({ scrapeUrl, health }) => [new URL(scrapeUrl).protocol, health]).sort(),
    ).toEqual([
      ["http:", "up"],
      ["https:", "up"],
    ]);
  });
});
