/** What the demo asks. */

export interface DemoPrompt {
  readonly prompt: string;
  /** The right answer, where there is one. */
  readonly answer: string | undefined;
}

/** For the model that comes with Muster, which was trained on such questions. */
export const knownQuestion = "What is the capital of Norway?";

/** For any other model. */
export const openQuestion = "Why is the sky blue? Answer in one sentence.";

const subjects = [
  "the ocean",
  "a bicycle",
  "the moon",
  "coffee",
  "a library",
  "the violin",
  "winter",
  "a lighthouse",
  "bread",
  "the number seven",
  "a garden",
  "glass",
  "a river",
  "the wind",
  "a clock",
  "honey",
];

/** As many short prompts as asked for, all different. */
export function openPrompts(count: number): DemoPrompt[] {
  return Array.from({ length: count }, (_none, i) => {
    const round = Math.floor(i / subjects.length);
    const suffix = round === 0 ? "" : ` Variation ${round + 1}.`;
    return {
      prompt: `Say one interesting thing about ${subjects[i % subjects.length]}.${suffix}`,
      answer: undefined,
    };
  });
}

const operands = 20;

/** Sums of numbers up to 20; after all 400 they begin again. */
export function sumPrompts(count: number): DemoPrompt[] {
  return Array.from({ length: count }, (_none, i) => {
    const one = (i % operands) + 1;
    const other = ((i * 7 + Math.floor(i / operands)) % operands) + 1;
    return { prompt: `What is ${one} + ${other}?`, answer: String(one + other) };
  });
}
