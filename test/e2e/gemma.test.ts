import { existsSync } from "node:fs";
import { join } from "node:path";
import { defaultModelDirectory } from "@muster/models";
import { expect, it } from "vitest";
import { chat, model, readStream, startCluster } from "../harness/cluster.ts";

const directory = defaultModelDirectory(process.env);
const places = [
  process.env["MUSTER_TEST_MODEL"] ?? "",
  join(directory, "huggingface.co/ggml-org/gemma-3-270m-it-GGUF/main/gemma-3-270m-it-Q8_0.gguf"),
  join(directory, "gemma-3-270m-q4_k_m.gguf"),
];
const gemma = places.find((path) => path !== "" && existsSync(path));
if (gemma === undefined) {
  process.stderr.write("Gemma 3 270M is not in the cache: its test is skipped. `npm run demo` fetches it.\n");
}

it.skipIf(gemma === undefined)(
  "Gemma 3 270M, from the cache, knows the days of the week and the capital of France, through two workers",
  async () => {
    const cluster = await startCluster();
    const args = ["--slots", "2", "--threads", "1", "--context", "512"];
    const modelPath = gemma ?? "";
    await Promise.all(["a", "b"].map((name) => cluster.workerProcess(name, { modelPath, args })));
    const completion = await cluster.post("/v1/completions", {
      model,
      prompt: "Monday, Tuesday, Wednesday,",
      max_tokens: 8,
      temperature: 0,
    });
    expect(((await completion.json()) as { choices: { text: string }[] }).choices[0]?.text).toContain(
      "Thursday",
    );
    const question = chat("What is the capital of France?", { max_tokens: 24, temperature: 0, stream: true });
    const answer = await readStream(await cluster.post("/v1/chat/completions", question));
    expect(answer.isDone).toBe(true);
    expect(answer.text).toContain("Paris");
    expect(answer.text).not.toMatch(/^\s/);
  },
);
