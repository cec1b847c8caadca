import { Agent, request } from "node:http";

/** A small HTTP load generator: real connections, monotonic time, no retries. */

const agent = new Agent({ keepAlive: true, maxSockets: 1_000 });

export interface Timed {
  readonly status: number;
  /** From the request to the first streamed piece, or to the end where nothing is streamed. */
  readonly firstMs: number;
  readonly totalMs: number;
  readonly body: string;
}

export function post(url: string, body: unknown, key?: string): Promise<Timed> {
  const auth = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { method: "POST", agent, headers: { "content-type": "application/json", ...auth } },
      (incoming) => {
        let text = "";
        let firstMs: number | undefined;
        incoming.setEncoding("utf8");
        incoming.on("data", (chunk: string) => {
          text += chunk;
          if (firstMs === undefined && text.includes('"content":"')) firstMs = performance.now() - startedMs;
        });
        incoming.on("end", () => {
          const totalMs = performance.now() - startedMs;
          resolve({ status: incoming.statusCode ?? 0, firstMs: firstMs ?? totalMs, totalMs, body: text });
        });
        incoming.on("error", reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(JSON.stringify(body));
  });
}

/** Sends `perSecond` requests a second for `seconds`, whether or not earlier ones have been answered. */
export async function openLoop(
  perSecond: number,
  seconds: number,
  send: () => Promise<Timed>,
): Promise<Timed[]> {
  const total = perSecond * seconds;
  const sent: Promise<Timed>[] = [];
  const startedMs = performance.now();
  for (let i = 0; i < total; i++) {
    const dueMs = startedMs + (i * 1000) / perSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    sent.push(send());
  }
  return Promise.all(sent);
}

/** Keeps `concurrency` requests under way for `seconds`. */
export async function closedLoop(
  concurrency: number,
  seconds: number,
  send: () => Promise<Timed>,
): Promise<{ readonly answers: Timed[]; readonly perSecond: number }> {
  const answers: Timed[] = [];
  const startedMs = performance.now();
  const untilMs = startedMs + seconds * 1000;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (performance.now() < untilMs) answers.push(await send());
    }),
  );
  return { answers, perSecond: (answers.length * 1000) / (performance.now() - startedMs) };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

export function closeConnections(): void {
  agent.destroy();
}
