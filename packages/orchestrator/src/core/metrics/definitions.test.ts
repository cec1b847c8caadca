import { describe, expect, it } from "vitest";
import { aliasDefinitions } from "./aliases.ts";
import { metricDefinitions } from "./definitions.ts";

describe("the names of metrics", () => {
  it("are Muster's own and each there once, as those of others are theirs", () => {
    const names = metricDefinitions.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^muster_[a-z]+(_[a-z]+)*$/);
    const own = new Set(names);
    for (const [kind, prefix] of [
      ["vllm", /^vllm:/],
      ["otel", /^gen_ai_server_/],
    ] as const) {
      for (const { name, of } of aliasDefinitions[kind]) {
        expect(name).toMatch(prefix);
        expect([of, own.has(of)]).toEqual([of, true]);
      }
    }
  });

  it("say what Prometheus' tools expect: sums end in _total, and nothing else does", () => {
    for (const { name, type } of metricDefinitions)
      expect([name, name.endsWith("_total")]).toEqual([name, type === "counter"]);
  });

  it("come with a sentence, with labels that are words, and with bounds that grow where they are histograms", () => {
    for (const { name, type, help, labels, buckets } of metricDefinitions) {
      expect(help).toMatch(/^[A-Z0-9].*\.$/);
      for (const label of labels) expect(label).toMatch(/^[a-z]+$/);
      expect([name, buckets !== undefined]).toEqual([name, type === "histogram"]);
      expect(buckets ?? []).toEqual([...(buckets ?? [])].sort((a, b) => a - b));
    }
  });
});
