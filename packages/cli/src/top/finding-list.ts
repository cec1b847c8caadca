import type { Finding } from "@muster/sdk";
import { findingMarks } from "../finding-text.ts";
import { displayWidth } from "../table.ts";
import { type Line, text, textOf } from "./line.ts";

const weights: Readonly<Record<Finding["severity"], number>> = { problem: 0, warning: 1, note: 2 };
const indent = "  ";
/** Narrower than this, words would stand alone. */
const narrowestText = 16;

/** What somebody should look at and what to do, the worst first, in whole words; none at all where all is well. */
export function findingLines(findings: readonly Finding[], width: number): Line[] {
  return [...findings]
    .sort((a, b) => weights[a.severity] - weights[b.severity] || a.since - b.since)
    .flatMap(({ severity, says, fix }) => {
      const { mark, colour } = findingMarks[severity];
      const room = Math.max(narrowestText, width - indent.length);
      const said = wrapped(textOf(text(says)), room);
      const remedy = fix === null ? [] : wrapped(`→ ${textOf(text(fix))}`, room);
      return [
        ...said.map((line, at): Line => [at === 0 ? { text: `${mark} `, colour } : indent, line]),
        ...remedy.map((line): Line => [indent, { text: line, colour: "dim" }]),
      ];
    });
}

/** Lines of whole words, as many in each as fit. */
function wrapped(words: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of words.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && displayWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}
