import type { Finding } from "@muster/sdk";
import { findingMarks } from "../finding-text.ts";
import { cut, type Line, text } from "./line.ts";

const weights: Readonly<Record<Finding["severity"], number>> = { problem: 0, warning: 1, note: 2 };

/** What somebody should look at, the worst first, a line each; none at all where all is well. */
export function findingLines(findings: readonly Finding[], width: number): Line[] {
  return [...findings]
    .sort((a, b) => weights[a.severity] - weights[b.severity] || a.since - b.since)
    .map(({ severity, says, fix }) => {
      const { mark, colour } = findingMarks[severity];
      const remedy: Line = fix === null ? [] : [{ text: " → ", colour: "dim" }, text(fix, "dim")];
      return cut([{ text: `${mark} `, colour }, text(says), ...remedy], width);
    });
}
