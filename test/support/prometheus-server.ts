import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { findPrometheus } from "../../tools/lib/prometheus.mjs";

export const programs = findPrometheus();

/** Where a server of metrics is missing tests are skipped, but never where CI runs them. */
export const mustSkip = programs === undefined && process.env["CI"] !== "true";
export const skipNote = mustSkip ? " (skipped: prometheus and promtool are not installed)" : "";

/** One series of an answer: its labels, and its values in the order of time. */
export interface QueriedSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly number[];
}

export interface TestPrometheus {
  readonly url: string;
  /** Throws with Prometheus' own words where it does not understand the query. */
  query(expr: string): Promise<readonly QueriedSeries[]>;
  /** The last minute, second by second. */
  queryRange(expr: string): Promise<readonly QueriedSeries[]>;
  labelValues(label: string, series: string): Promise<readonly string[]>;
  /** GETs of /api/v1, the `data` of the answer. */
  get(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

const startTimeoutMs = 20_000;
const starts = 3;

/** Ends the program when our end of fd 0 closes: that happens however this process ends. */
const script = `"$@" </dev/null & child=$!; cat >/dev/null; kill -KILL $child; wait $child 2>/dev/null`;

/** Starts a Prometheus with `config` as prometheus.yml in `directory`, which keeps its data, on a free port of loopback. */
export async function startPrometheus(directory: string, config: string): Promise<TestPrometheus> {
  const configFile = join(directory, "prometheus.yml");
  await writeFile(configFile, config);
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const args = [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(directory, `data-${attempt}`)}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...["--log.level=warn", "--storage.tsdb.retention.time=1d"],
    ];
    const child = spawn("/bin/sh", ["-c", script, "sh", programs?.prometheus ?? "prometheus", ...args], {
      stdio: ["pipe", "ignore", "pipe"],
      detached: true,
    });
    let words = "";
    child.stderr.on("data", (chunk: Buffer) => {
      words += chunk.toString();
    });
    const url = `http://127.0.0.1:${port}`;
    // Somebody else may have taken the port meanwhile.
    if (await isReady(url, () => /bind: address already in use|level=error/.test(words)))
      return clientOf(url, child);
    await end(child);
    if (attempt === starts) throw new Error(`The test's Prometheus did not start: ${words.trim()}`);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function isReady(url: string, hasFailed: () => boolean): Promise<boolean> {
  const untilMs = performance.now() + startTimeoutMs;
  while (performance.now() < untilMs && !hasFailed()) {
    const answer = await fetch(`${url}/-/ready`).catch(() => undefined);
    if (answer?.ok) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.stdin?.end();
  await ended;
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: unknown;
}

interface Queried {
  readonly resultType: string;
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly value?: readonly [number, string];
    readonly values?: readonly (readonly [number, string])[];
  }[];
}

function clientOf(url: string, child: ChildProcess): TestPrometheus {
  const get = async (path: string): Promise<unknown> => {
    const answer = (await (await fetch(`${url}/api/v1/${path}`)).json()) as Answer;
    if (answer.status !== "success") throw new Error(`Prometheus refuses ${path}: ${answer.error}`);
    return answer.data;
  };
  const seriesOf = (data: unknown): readonly QueriedSeries[] => {
    const { resultType, result } = data as Queried;
    // A scalar has no labels, and is no list.
    if (resultType === "scalar")
      return [{ labels: {}, values: [Number((result as unknown as [0, string])[1])] }];
    return result.map(({ metric, value, values = value === undefined ? [] : [value] }) => ({
      labels: metric,
      values: values.map(([, text]) => Number(text)),
    }));
  };
  return {
    url,
    get,
    query: async (expr) => seriesOf(await get(`query?query=${encodeURIComponent(expr)}`)),
    async queryRange(expr) {
      const endSeconds = Date.now() / 1000;
      const range = `start=${endSeconds - 60}&end=${endSeconds}&step=1`;
      return seriesOf(await get(`query_range?query=${encodeURIComponent(expr)}&${range}`));
    },
    labelValues: async (label, series) =>
      (await get(`label/${label}/values?match[]=${encodeURIComponent(series)}`)) as string[],
    stop: () => end(child),
  };
}
