import { describe, expect, it } from "vitest";
import { parseTemplate } from "./prompt-template.ts";

describe("a prompt template", () => {
  it("puts the fields in the place of their names", () => {
    const template = parseTemplate("Hello { name }, from {home town}: {name}!", ["name", "home town"]);
    expect(template.fill({ name: "Ada", "home town": "London" })).toBe("Hello Ada, from London: Ada!");
  });

  it("keeps doubled braces as braces, and braces of a field as they are", () => {
    const template = parseTemplate('Answer as {{"tag": ...}}: {text}', ["text"]);
    expect(template.fill({ text: "{name} }}" })).toBe('Answer as {"tag": ...}: {name} }}');
  });

  it("names the columns that there are where it asks for another", () => {
    expect(() => parseTemplate("Hello {nam}", ["name", "age"])).toThrow(
      /\{nam\}, which the input does not have\. It has \{name\}, \{age\}\./,
    );
  });

  it.each(["name {", "} name", "a {name"])("says where a brace is alone: %s", (text) => {
    expect(() => parseTemplate(text, ["name"])).toThrow(/without its partner at character \d/);
  });

  it("looks at each row where columns are not known before", () => {
    const template = parseTemplate("{toString}", undefined);
    expect(template.fill({ toString: "x" })).toBe("x");
    expect(() => template.fill({ other: "x" })).toThrow(/It has \{other\}/);
  });
});
