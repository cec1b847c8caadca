import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Writes a program that looks like llama-server from outside: it takes its flags, listens on its socket and answers
 * its checks. Before it listens it writes what it was started with to the file of `--report`; other flags of its own:
 * `--die` (it says why, and exits with 3), `--never-ready`, `--endless` (an answer that goes on for ever).
 */
export async function writeFakeLlamaServer(folder: string): Promise<string> {
  const path = join(folder, "fake-llama-server");
  await writeFile(path, `#!${process.execPath}\n${source}`);
  await chmod(path, 0o700);
  return path;
}

export interface FakeReport {
  readonly pid: number;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const source = `
const { createServer } = require("node:http");
const { renameSync, writeFileSync } = require("node:fs");
const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log("-m, --model FNAME\\n--no-webui\\n--device <dev1,dev2>\\n--list-devices");
  process.exit(0);
}
if (args.includes("--list-devices")) {
  console.log("Available devices:\\n  Vulkan0: A card (8192 MiB, 8000 MiB free)");
  process.exit(0);
}
const after = (flag) => args[args.lastIndexOf(flag) + 1];
const report = after("--report");
writeFileSync(report + ".part", JSON.stringify({ pid: process.pid, args, env: process.env }));
renameSync(report + ".part", report);
if (args.includes("--die")) {
  console.error("error: a tensor is missing");
  process.exit(3);
}
console.error("load_tensors: offloaded 0/7 layers to GPU");
console.error("load_tensors:   CPU_Mapped model buffer size =     8.00 MiB");
createServer((request, response) => {
  const isReady = !args.includes("--never-ready");
  const say = (status, body) => response.writeHead(status).end(JSON.stringify(body));
  if (request.url === "/health") return say(isReady ? 200 : 503, {});
  if (request.headers.authorization !== "Bearer " + process.env.LLAMA_API_KEY) return say(401, {});
  if (request.url === "/props")
    return say(200, { default_generation_settings: { n_ctx: 640 }, build_info: "b8681-3f7c29d" });
  response.write('data: {"choices":[{"delta":{"content":"a"}}]}\\n\\n');
  if (!args.includes("--endless")) response.end('data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\\n\\n');
}).listen(after("--host"));
`;
