/** Checks that need no knowledge: what any engine that computes right gives. Each says what is wrong, or undefined. */

/** Shorter answers may well be one word. */
const fewestRepeats = 12;
/** Of an answer's characters; the last may have been cut inside. */
const mostBrokenShare = 0.2;

export function judgePlainText(answer: string): string | undefined {
  const text = answer.trim();
  if (text === "") return "answered nothing";
  const characters = [...text];
  const broken = characters.filter(isBroken).length;
  if (broken > Math.max(1, mostBrokenShare * characters.length)) return "answered what is no text";
  return isOneThingRepeated(text, characters) ? "answered one token over and over" : undefined;
}

function isBroken(character: string): boolean {
  return character === "\uFFFD" || /[\p{Cn}\p{Co}\p{Cs}]/u.test(character) || /(?!\s)\p{Cc}/u.test(character);
}

function isOneThingRepeated(text: string, characters: readonly string[]): boolean {
  if (characters.length >= fewestRepeats && new Set(characters).size === 1) return true;
  const words = text.split(/\s+/);
  return words.length >= fewestRepeats && new Set(words).size === 1;
}

const lengthTolerance = 0.01;

/** Of three vectors the first two are of related texts. */
export function judgeVectors(vectors: readonly (readonly number[])[]): string | undefined {
  const [one = [], other = [], unrelated = []] = vectors;
  if (vectors.some((vector) => vector.length === 0 || vector.length !== one.length))
    return "gave vectors of different lengths, or none";
  if (!vectors.flat().every(Number.isFinite)) return "gave vectors with values that are no numbers";
  for (const vector of vectors) {
    const length = Math.sqrt(dot(vector, vector));
    if (Math.abs(length - 1) > lengthTolerance) return `gave a vector of length ${length.toPrecision(3)}`;
  }
  return dot(one, other) > dot(one, unrelated) && dot(one, other) > dot(other, unrelated)
    ? undefined
    : "found an unrelated text nearer than a related one";
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
}

/** The first document answers the query, the others have nothing to do with it. */
export function judgeOrder(scores: readonly number[]): string | undefined {
  if (!scores.every(Number.isFinite)) return "gave scores that are no numbers, or too few";
  const [best = 0, ...others] = scores;
  return others.every((score) => score < best)
    ? undefined
    : "put a document that has nothing to do with the query first";
}
