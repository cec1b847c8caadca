import { chat, model } from "./cluster.ts";

export interface BadRequest {
  readonly method?: "POST" | "GET" | "PUT" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const file = `file-${"0".repeat(32)}`;
const batch = `batch_${"0".repeat(32)}`;
const chatPath = "/v1/chat/completions";
const message = { role: "user", content: "a" };
const wrongChats: readonly object[] = [
  {},
  { model },
  { ...chat("a"), messages: [] },
  { ...chat("a"), messages: [{ role: "wizard", content: "a" }] },
  { ...chat("a"), model: "no-such-model" },
  { ...chat("a"), model: "../../etc/passwd" },
  { ...chat("a"), model: "gemma-4" },
  { ...chat("a"), n: 9 },
  { ...chat("a"), n: -1 },
  { ...chat("a"), max_tokens: 1e9 },
  { ...chat("a"), temperature: 99 },
  { ...chat("a"), top_logprobs: 5 },
  { ...chat("a"), stop: Array.from({ length: 99 }, () => "x") },
  { ...chat("a"), logit_bias: { x: 1 } },
  { ...chat("a"), functions: [] },
  { ...chat("a"), modalities: ["audio"] },
  { ...chat("a"), response_format: { type: "xml" } },
  { ...chat("a"), response_format: { type: "json_schema", json_schema: { schema: 5 } } },
  { ...chat("a"), tools: [{ type: "function" }] },
  { ...chat("a"), tools: [{ type: "function", function: { name: "a/b" } }] },
  { ...chat("a"), tool_choice: "required" },
  { ...chat("a"), deadline_ms: 0 },
  { ...chat("a"), stream: "yes" },
  { ...chat("a"), messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }] },
  { ...chat("a"), messages: [{ role: "tool", content: "a" }] },
  // What the engine does with these.
  chat("!break"),
  chat("!crash"),
  chat("word ".repeat(5_000)),
  chat("!break", { stream: true }),
  chat("wait", { deadline_ms: 1 }),
];

/** Requests of every kind that go wrong, to every route. `worker` has to be one that there is. */
export function badRequests(worker: string): readonly BadRequest[] {
  return [
    ...wrongChats.map((body) => ({ path: chatPath, body })),
    ...['{"model":', "", "[1,2]", "null", '"x"', "\u0000", "{}{}"].map((body) => ({ path: chatPath, body })),
    { path: chatPath, body: "a=b", headers: { "content-type": "application/x-www-form-urlencoded" } },
    { path: chatPath, body: "x", headers: { "content-type": "nonsense" } },
    { path: "/v1/completions", body: { model, prompt: [1, 2] } },
    { path: "/v1/completions", body: { model, prompt: "a", suffix: "b" } },
    { path: "/v1/completions", body: { model, prompt: "!crash" } },
    { path: "/v1/embeddings", body: { model, input: [] } },
    { path: "/v1/embeddings", body: { model: "none", input: "a" } },
    { path: "/v1/rerank", body: { model, query: "", documents: ["a"] } },
    { path: "/v2/rerank", body: { model } },
    { path: "/tokenize", body: { model, prompt: "a", content: "b" } },
    { path: "/v1/responses", body: { model, input: 5 } },
    { path: "/v1/responses", body: { model, input: "a", previous_response_id: "resp_1" } },
    { path: "/v1/responses", body: { model, input: "!break" } },
    { path: "/v1/messages", body: { model, messages: [message] } },
    { path: "/v1/messages", body: { model: "none", max_tokens: 5, messages: [message] } },
    { path: "/v1/messages", body: { model, max_tokens: 5, messages: [{ role: "user", content: "!break" }] } },
    { path: "/v1/messages/count_tokens", body: { model: "none", messages: [message] } },
    { path: "/v1/files", body: "no form" },
    { method: "GET", path: `/v1/files/${file}` },
    { method: "GET", path: `/v1/files/${file}/content` },
    { method: "GET", path: "/v1/files/..%2f..%2fetc%2fpasswd/content" },
    { method: "GET", path: "/v1/files?limit=0" },
    { method: "DELETE", path: `/v1/files/${file}` },
    { path: "/v1/batches", body: {} },
    {
      path: "/v1/batches",
      body: { input_file_id: file, endpoint: "/v1/chat/completions", completion_window: "24h" },
    },
    { path: "/v1/batches/plan", body: { input_file_id: file, endpoint: "/v1/chat/completions" } },
    { method: "GET", path: `/v1/batches/${batch}` },
    { method: "GET", path: `/v1/batches/${batch}/results?after=x` },
    ...["cancel", "pause", "resume"].map((deed) => ({ path: `/v1/batches/${batch}/${deed}`, body: {} })),
    { method: "GET", path: "/v1/models/none" },
    { path: "/cluster/v1/models", body: { uri: "ftp://x/y.gguf" } },
    { path: "/cluster/v1/models", body: { uri: "no/such/dir/model.gguf" } },
    { path: "/cluster/v1/models", body: { uri: "https://127.0.0.1:9/a.gguf" } },
    { path: "/cluster/v1/models", body: { uri: "stub:x" } },
    { method: "DELETE", path: "/cluster/v1/models/none" },
    { method: "DELETE", path: "/cluster/v1/models/gemma-4-12b-it" },
    { method: "PUT", path: "/cluster/v1/models/none/pin", body: { replicas: 0 } },
    { method: "GET", path: "/cluster/v1/models/plan?model=none" },
    { method: "GET", path: "/cluster/v1/history?since=2&until=1" },
    { method: "GET", path: "/cluster/v1/history?points=many" },
    { method: "GET", path: "/cluster/v1/workers/none" },
    { path: "/cluster/v1/workers/none/drain", body: {} },
    { path: "/cluster/v1/workers/none/replicas", body: { model_uri: "stub:x" } },
    { path: `/cluster/v1/workers/${worker}/replicas`, body: { model_uri: "" } },
    { path: `/cluster/v1/workers/${worker}/replicas/none/check`, body: {} },
    { method: "DELETE", path: `/cluster/v1/workers/${worker}/replicas/none` },
    { path: "/cluster/v1/mirror/pull", body: { model: "none" } },
    { path: "/cluster/v1/mirror/pin", body: { model: "local:none.gguf", pinned: true } },
    { method: "DELETE", path: "/cluster/v1/mirror/models/none" },
    { method: "PUT", path: "/cluster/v1/mirror/files/..%2fx.gguf", body: "GGUF" },
    { method: "PUT", path: "/cluster/v1/mirror/files/x.gguf", body: "not a model" },
    { path: "/dashboard/v1/session", body: { key: 5 } },
    {
      path: "/dashboard/v1/session",
      body: { key: "x" },
      headers: { "x-muster-dashboard": "1", origin: "x" },
    },
    { method: "DELETE", path: "/dashboard/v1/session" },
    { method: "GET", path: "/assets/..%2f..%2fpackage.json" },
    { method: "GET", path: "/not/there" },
    { method: "GET", path: "/%" },
    { method: "PUT", path: chatPath, body: {} },
  ];
}
