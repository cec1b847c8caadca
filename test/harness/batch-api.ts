import { eventually } from "./cluster.ts";

/** The batch API as JSON over HTTP: what tests ask for, and no more. */

export interface FileJson {
  readonly id: string;
  readonly object: string;
  readonly bytes: number;
  readonly filename: string;
  readonly purpose: string;
  readonly expires_at: number | null;
}

export interface UsageJson {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly total_tokens: number;
}

export interface BatchJson {
  readonly id: string;
  readonly status: string;
  readonly input_file_id: string;
  readonly output_file_id: string | null;
  readonly error_file_id: string | null;
  readonly errors: {
    readonly data: readonly {
      readonly code: string;
      readonly message: string;
      readonly line: number | null;
    }[];
  } | null;
  readonly request_counts: {
    readonly total: number;
    readonly completed: number;
    readonly failed: number;
  };
  readonly usage: UsageJson;
  /** `waits_for`: what keeps the service from going on with it. */
  readonly muster: { readonly paused: boolean; readonly waits_for: string | null };
  readonly created_at: number;
  readonly expires_at: number;
  readonly in_progress_at: number | null;
  readonly finalizing_at: number | null;
  readonly completed_at: number | null;
  readonly failed_at: number | null;
  readonly expired_at: number | null;
  readonly cancelling_at: number | null;
  readonly cancelled_at: number | null;
}

/** A line of an output or error file. */
export interface ResultLine {
  readonly id: string;
  readonly custom_id: string;
  readonly response: {
    readonly status_code: number;
    readonly request_id: string;
    readonly body: {
      readonly choices?: readonly { readonly message: { readonly content: string } }[];
      readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number };
      readonly error?: { readonly code: string | null; readonly message: string };
    };
  } | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** Where an API listens now, and what opens it. */
export interface BatchApiOptions {
  readonly url: () => string;
  readonly key?: string;
}

const answerWithinMs = 30_000;
const askEveryMs = 100;

export type BatchApi = ReturnType<typeof createBatchApi>;

export function createBatchApi({ url, key }: BatchApiOptions) {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };

  const call = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const answer = await fetch(`${url()}${path}`, {
      signal: AbortSignal.timeout(answerWithinMs),
      ...init,
      headers: { ...headers, ...(init.headers as Record<string, string>) },
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  const json = async <T>(path: string, init?: RequestInit) => (await (await call(path, init)).json()) as T;

  const get = (id: string) => json<BatchJson>(`/v1/batches/${id}`);
  /** Asks until `isIt`. What is refused is asked again: the service may be hurt. */
  const until = async (id: string, isIt: (batch: BatchJson) => boolean, withinMs = 20_000) => {
    let last: BatchJson | undefined;
    let refusal: unknown;
    const ask = async () => {
      try {
        last = await get(id);
        return isIt(last);
      } catch (error) {
        refusal = error;
        return false;
      }
    };
    await eventually(ask, withinMs, askEveryMs).catch(() => {});
    if (last !== undefined && isIt(last)) return last;
    throw new Error(`${id} did not get there: ${JSON.stringify(last)}`, { cause: refusal });
  };
  return {
    get,
    until,
    async upload(text: string, filename = "lines.jsonl"): Promise<FileJson> {
      const form = new FormData();
      form.set("purpose", "batch");
      form.set("file", new Blob([text], { type: "application/jsonl" }), filename);
      return json<FileJson>("/v1/files", { method: "POST", body: form });
    },
    create: (inputFileId: string, more: Record<string, unknown> = {}) =>
      json<BatchJson>("/v1/batches", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          input_file_id: inputFileId,
          endpoint: "/v1/chat/completions",
          completion_window: "24h",
          ...more,
        }),
      }),
    act: (id: string, deed: "cancel" | "pause" | "resume") =>
      json<BatchJson>(`/v1/batches/${id}/${deed}`, { method: "POST" }),
    untilState: (id: string, status: string, withinMs?: number) =>
      until(id, (batch) => batch.status === status, withinMs),
    content: async (fileId: string) => (await call(`/v1/files/${fileId}/content`)).text(),
    async results(fileId: string | null): Promise<readonly ResultLine[]> {
      if (fileId === null) return [];
      return resultLines(await (await call(`/v1/files/${fileId}/content`)).text());
    },
  };
}

export function resultLines(text: string): readonly ResultLine[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ResultLine);
}
