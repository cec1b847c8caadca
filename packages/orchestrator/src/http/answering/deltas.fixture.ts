import type { InferenceDelta } from "@muster/base";
import fc from "fast-check";

const piece = fc.string({ unit: "grapheme", maxLength: 6 });
const pieces = fc.array(piece, { minLength: 1, maxLength: 4 });

const thought = pieces.map((texts) =>
  texts.map((text): InferenceDelta => ({ kind: "reasoning", text, tokens: 1 })),
);
const said = pieces.map((texts) => texts.map((text): InferenceDelta => ({ kind: "text", text, tokens: 1 })));

/** Arguments that are a JSON object, cut anywhere. */
const cutObject = fc
  .tuple(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })), fc.array(fc.nat(40), { maxLength: 3 }))
  .map(([value, cuts]) => {
    const text = JSON.stringify(value);
    const ends = [...cuts, text.length].sort((a, b) => a - b);
    return ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
  });

/** What an engine may give before the end of one answer: a call's arguments come before anything else. */
export const answerDeltas: fc.Arbitrary<InferenceDelta[]> = fc
  .array(
    fc.oneof(
      thought,
      said,
      cutObject.map((texts): readonly string[] => texts),
    ),
    { maxLength: 6 },
  )
  .map((segments) => {
    let calls = 0;
    return segments.flatMap((segment) => {
      if (!isArguments(segment)) return [...segment];
      const index = calls++;
      return [
        { kind: "tool-call", index, id: `call_${index}`, name: `tool_${index}`, tokens: 1 } as const,
        ...segment.map((text) => ({ kind: "tool-arguments", index, text, tokens: 1 }) as const),
      ];
    });
  });

function isArguments(segment: readonly string[] | readonly InferenceDelta[]): segment is readonly string[] {
  return segment.every((each) => typeof each === "string");
}

/** All text of one kind. */
export function textOf(deltas: readonly InferenceDelta[], kind: "text" | "reasoning"): string {
  return deltas.map((delta) => (delta.kind === kind ? delta.text : "")).join("");
}

export function argumentsOfCall(deltas: readonly InferenceDelta[], index: number): string {
  return deltas
    .map((delta) => (delta.kind === "tool-arguments" && delta.index === index ? delta.text : ""))
    .join("");
}
