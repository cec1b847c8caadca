import { describe, expect, it } from "vitest";
import { chooseDialect, thoughtAtEnd } from "./dialect.ts";
import { templates } from "./dialects.fixture.ts";

describe("choice of the dialect", () => {
  it.each([
    ["gemma4", "gemma4", "<channel|>"],
    ["qwen3", "hermes", "</think>"],
    ["hermes", "hermes", undefined],
    ["llama3", "llama3", undefined],
    ["r1", "generic", "</think>"],
    ["xmlCalls", "generic", undefined],
    ["gemma3", "generic", undefined],
  ] as const)("knows %s by its template", (template, name, thoughtEnd) => {
    const dialect = chooseDialect(templates[template]);
    expect(dialect.name).toBe(name);
    expect(dialect.thought?.close).toBe(thoughtEnd);
    expect(dialect.isInTemplate).toBe(name !== "generic");
  });

  it("sees how a prompt leaves the thought", () => {
    const { thought } = chooseDialect(templates.gemma4);
    expect(thoughtAtEnd("<|turn>model\n", thought)).toBe("free");
    expect(thoughtAtEnd("<|turn>model\n<|channel>thought\n<channel|>", thought)).toBe("closed");
    expect(thoughtAtEnd("<|turn>model\n<|channel>thought\n", thought)).toBe("open");
    const think = chooseDialect(templates.qwen3).thought;
    expect(thoughtAtEnd("<|im_start|>assistant\n<think>\n\n</think>\n\n", think)).toBe("closed");
    expect(thoughtAtEnd("<|Assistant|><think>\n", think)).toBe("open");
    expect(thoughtAtEnd("<end_of_turn>\n", undefined)).toBe("closed");
  });
});
