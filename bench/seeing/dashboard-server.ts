import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { LiveFlow, LiveNow, LiveWorker } from "@muster/sdk";

const site = fileURLToPath(new URL("../../../packages/dashboard/site", import.meta.url));
const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml; charset=utf-8",
};
/** As the orchestrator sends it: what needs an exception here would be broken there. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; require-trusted-types-for 'script'";
const models = 5;
/** Of the workers, the share that has something new to show in each update. */
const changedShare = 0.3;
const stepSeconds = 2;
const gibibyte = 2 ** 30;

/** Serves the built dashboard and a scripted cluster, whose clock goes as fast as it is asked to. */
export interface DashboardServer {
  readonly url: string;
  /** So many moments, this far apart; each with `now` and the workers that have changed. */
  play(updates: number, everyMs: number): Promise<void>;
  close(): void;
}

export async function serveDashboard(workerCount: number): Promise<DashboardServer> {
  const streams = new Set<ServerResponse>();
  let moment = 0;
  const startedAt = Math.floor(Date.now() / 1000);
  const now = () => nowAt(startedAt + moment * stepSeconds, moment, workerCount);
  const tell = (stream: ServerResponse, kind: string, data: unknown) =>
    void stream.write(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);

  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://dashboard");
    if (pathname === "/cluster/v1/live") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      tell(response, "hello", {
        ...{ version: "0", orchestrator_id: "bench", started_at: startedAt, interval_seconds: stepSeconds },
      });
      tell(response, "now", now());
      const all = Array.from({ length: workerCount }, (_, number) => workerAt(number, moment));
      tell(response, "workers", { is_full: true, data: all, gone: [] });
      tell(response, "batches", { is_full: true, data: [], gone: [] });
      tell(response, "findings", []);
      streams.add(response);
      request.on("close", () => streams.delete(response));
      return;
    }
    const answer = answers[pathname];
    if (answer !== undefined) {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer(startedAt)));
      return;
    }
    const name = pathname === "/" ? "/index.html" : pathname;
    readFile(`${site}${name}`).then(
      (bytes) =>
        response
          .writeHead(200, {
            "content-type": contentTypes[extname(name)] ?? "application/octet-stream",
            "content-security-policy": policy,
          })
          .end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}/`,
    async play(updates, everyMs) {
      for (let update = 0; update < updates; update++) {
        moment += 1;
        const changed = Array.from({ length: workerCount }, (_, number) => number)
          .filter((number) => (number * 7 + moment * 13) % 100 < changedShare * 100)
          .map((number) => workerAt(number, moment));
        for (const stream of streams) {
          tell(stream, "now", now());
          tell(stream, "workers", { is_full: false, data: changed, gone: [] });
        }
        await new Promise((resolve) => setTimeout(resolve, everyMs));
      }
    },
    close() {
      for (const stream of streams) stream.destroy();
      server.close();
    },
  };
}

const answers: Readonly<Record<string, (at: number) => unknown>> = {
  "/dashboard/v1/session": () => ({
    ...{ object: "session", is_open: true, key_name: "default", tenant: "default", version: "0" },
    scopes: ["inference", "batch", "read", "metrics", "admin"],
  }),
  "/cluster/v1/history": (at) => ({
    ...{ object: "history", since: at - 900, until: at, step_seconds: 10, at: [], workers: {}, models: {} },
    total: Object.fromEntries(Object.keys(flowAt(0)).map((key) => [key, []])),
  }),
};

function flowAt(tokens: number): LiveFlow {
  return {
    ...{ prompt_tokens_per_second: tokens * 4, cached_tokens_per_second: tokens },
    ...{ generated_tokens_per_second: tokens, requests_per_second: tokens / 300, failures_per_second: 0 },
    ...{ running: Math.round(tokens / 60), waiting: 0, lines_left: 40_000, oldest_wait_seconds: null },
    ...{ first_token_p50_seconds: 0.2, first_token_p99_seconds: 0.9 },
  };
}

function nowAt(at: number, moment: number, workers: number): LiveNow {
  const tokens = (model: number) => 100 + 60 * Math.sin(moment / 9 + model);
  const each = Array.from(
    { length: models },
    (_, model) => [`model-${model}`, flowAt(tokens(model))] as const,
  );
  return {
    at,
    total: flowAt(each.reduce((sum, [, flow]) => sum + flow.generated_tokens_per_second, 0)),
    models: Object.fromEntries(each),
    workers: { ready: workers },
    slots: { total: workers * 8, used: workers * 3 },
    vram: {
      total_bytes: workers * 24 * gibibyte,
      ours_bytes: workers * 12 * gibibyte,
      others_bytes: gibibyte,
    },
    ...{ gpu_utilization: 0.5, watts: workers * 200, batches: { in_progress: 2 } },
  };
}

function workerAt(number: number, moment: number): LiveWorker {
  const turn = (number * 31 + moment * 17) % 100;
  const replica = (at: number, bytes: number) => ({
    ...{ id: `rep-${number}-${at}`, model: `model-${(number + at) % models}`, state: "ready", slots: 8 },
    ...{ slots_used: turn % 9, decode_tokens_per_second: 50 + turn / 10, vram_bytes: bytes },
    ...{ progress: null, problem: null },
  });
  return {
    ...{ id: `wrk-${number}`, name: `desk-${number}`, state: "ready", pool: "desks", platform: "linux" },
    availability: { state: "lending", reason: "", policy: "always" },
    ...{ backend: "cuda", version: "0", cpu_load: turn / 100, ram_bytes: 64 * gibibyte, watts: 100 + turn },
    gpus: Array.from({ length: 1 + (number % 2) }, () => ({
      ...{ name: "NVIDIA GeForce RTX 4090", vram_bytes: 24 * gibibyte, ours_bytes: 12 * gibibyte },
      ...{ others_bytes: gibibyte, utilization: turn / 100, temperature_celsius: 50, watts: 100 + turn },
    })),
    replicas: [replica(0, 8 * gibibyte), replica(1, 4 * gibibyte)],
  };
}
