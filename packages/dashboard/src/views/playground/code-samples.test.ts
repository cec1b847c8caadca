import { describe, expect, it } from "vitest";
import { codeSample, imagePlaceholder, languages, withoutImages } from "./code-samples.ts";

const request = {
  model: "auto",
  messages: [{ role: "user" as const, content: 'It\'s "so" \\ \n $HOME `x`' }],
  temperature: 0,
};
const sample = { request, origin: "https://muster.office:11500", isOpen: false };

describe("code of a request", () => {
  it("is a command whose body a shell gives on as it was meant", () => {
    const command = codeSample("curl", sample);
    const quoted = command.slice(command.indexOf("-d '") + 4, -1);
    expect(JSON.parse(quoted.replaceAll("'\\''", "'"))).toEqual({ ...request, stream: true });
    expect(quoted.replaceAll("'\\''", "")).not.toContain("'");
    expect(command).toContain("Bearer YOUR_KEY");
  });

  it("is TypeScript whose literal is the request", () => {
    for (const language of ["typescript", "muster"] as const) {
      const code = codeSample(language, sample);
      const literal = code.slice(code.indexOf("create(") + 7, code.indexOf(");\nfor await"));
      expect(new Function(`return (${literal});`)()).toEqual({ ...request, stream: true });
      expect(code).toContain('apiKey: "YOUR_KEY"');
    }
  });

  it("is Python in Python's words", () => {
    const code = codeSample("python", {
      ...sample,
      request: {
        ...request,
        response_format: {
          type: "json_schema",
          json_schema: { name: "a", schema: { x: null, y: [true, false] } },
        },
      },
    });
    expect(code).toContain("None");
    expect(code).toContain("True,");
    expect(code).toContain("False]");
    expect(code).not.toMatch(/\b(null|true|false)\b/);
    expect(code).toContain('base_url="https://muster.office:11500/v1"');
  });

  it("asks for no key where nobody needs one", () => {
    for (const language of languages)
      expect(codeSample(language, { ...sample, isOpen: true })).not.toContain("YOUR_KEY");
  });

  it("leaves the bytes of images out", () => {
    const content = [{ type: "image_url" as const, image_url: { url: "data:image/png;base64,AAAA" } }];
    const shown = withoutImages({ model: "m", messages: [{ role: "user", content }] });
    expect(shown.messages[0]?.content).toEqual([{ type: "image_url", image_url: { url: imagePlaceholder } }]);
  });
});
