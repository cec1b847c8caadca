export const demoQuestion = "Why is the sky blue? Answer in one sentence.";

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
export function demoPrompts(count: number): string[] {
  return Array.from({ length: count }, (_none, i) => {
    const round = Math.floor(i / subjects.length);
    const suffix = round === 0 ? "" : ` Variation ${round + 1}.`;
    return `Say one interesting thing about ${subjects[i % subjects.length]}.${suffix}`;
  });
}
