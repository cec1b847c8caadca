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
const counts = { from: 10, to: 30 };

/** Sums of numbers up to 20 and counts up to 30, in turn; after some hundreds they begin again. */
export function knownPrompts(count: number): DemoPrompt[] {
  return Array.from({ length: count }, (_none, i) => (i % 2 === 0 ? sum(i / 2) : counted((i - 1) / 2)));
}

function sum(i: number): DemoPrompt {
  const one = (i % operands) + 1;
  const other = ((i * 7 + Math.floor(i / operands)) % operands) + 1;
  return { prompt: `What is ${one} + ${other}?`, answer: String(one + other) };
}

function counted(i: number): DemoPrompt {
  const last = counts.to - (i % (counts.to - counts.from + 1));
  const numbers = Array.from({ length: last }, (_none, place) => place + 1);
  return { prompt: `Count to ${last}`, answer: numbers.join(" ") };
}
