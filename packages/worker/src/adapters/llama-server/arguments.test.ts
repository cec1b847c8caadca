import type { GgufValue } from "@muster/models";
import { describe, expect, it } from "vitest";
import { type ServerArguments, serverArguments } from "./arguments.ts";
import { modelMode } from "./model-mode.ts";

const everyFlag = new Set(["--device", "--spec-type", "--no-webui", "--reasoning"]);

function headerOf(metadata: Readonly<Record<string, GgufValue>>) {
  return { metadata: new Map(Object.entries(metadata)) };
}

const spec = {
  modelPath: "/m.gguf",
  slots: 3,
  contextTokens: undefined,
  threads: undefined,
  gpu: "auto",
} as const;

function lineFor(metadata: Readonly<Record<string, GgufValue>>, rest: Partial<ServerArguments> = {}): string {
  return serverArguments({
    spec,
    mode: modelMode(headerOf(metadata)),
    contextTokens: 100,
    threads: 2,
    mmprojPath: undefined,
    draftPath: undefined,
    extra: [],
    listen: { host: "/s.sock", port: undefined },
    flags: everyFlag,
    ...rest,
  }).join(" ");
}

describe("serverArguments", () => {
  const writer = { "general.architecture": "gemma3", "gemma3.context_length": 4096 };

  it("lets a model that writes chat, on the GPU where there is one", () => {
    expect(lineFor(writer)).toBe(
      "--model /m.gguf --ctx-size 300 --parallel 3 --threads 2 --threads-batch 2 --jinja --no-webui --host /s.sock",
    );
  });

  it("embeds or ranks with a model whose file says so, each text in one batch", () => {
    const pooled = (type: number) => lineFor({ "general.architecture": "bert", "bert.pooling_type": type });
    expect(pooled(1)).toContain("--embeddings --batch-size 100 --ubatch-size 100");
    expect(pooled(4)).toContain("--reranking --batch-size 100");
    expect(pooled(0)).toContain("--jinja");
  });

  it("takes thoughts for off where the template does", () => {
    const template = "{% if enable_thinking %}<|think|>{% endif %}";
    expect(lineFor({ ...writer, "tokenizer.chat_template": template })).toContain("--reasoning off");
    expect(lineFor({ ...writer, "tokenizer.chat_template": template }, { flags: new Set() })).not.toContain(
      "--reas",
    );
  });

  it("puts as many layers on the GPU as it is told, and none where it may use none", () => {
    expect(lineFor(writer, { spec: { ...spec, gpuLayers: 12 } })).toContain("--n-gpu-layers 12");
    expect(lineFor(writer, { spec: { ...spec, gpuLayers: 12, gpu: "off" } })).toContain(
      "--n-gpu-layers 0 --device none",
    );
  });

  it("listens on a port where there are no sockets", () => {
    expect(lineFor(writer, { listen: { host: "127.0.0.1", port: 5 } })).toMatch(
      /--host 127\.0\.0\.1 --port 5$/,
    );
  });

  it("drafts in the words of old and new releases", () => {
    expect(lineFor(writer, { draftPath: "/d.gguf" })).toContain(
      "--model-draft /d.gguf --spec-type draft-simple",
    );
    expect(lineFor(writer, { draftPath: "/d.gguf", flags: new Set() })).not.toContain("--spec-type");
  });
});
