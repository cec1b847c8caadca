import { median } from "../load.ts";
import { mainThreadMs, type Subject } from "./subject.ts";

const concurrencies = [1, 4, 8, 16];
const maxTokens = 64;

interface Round {
  readonly perSecond: number;
  readonly mainMsPerStep: number;
}

/** Tokens per second of each subject, at 1 to 16 requests at once; the subjects take turns within each round. */
export async function benchRates(
  subjects: readonly Subject[],
  options: { readonly rounds: number; readonly seconds: number },
  print: (row: string[]) => void,
): Promise<void> {
  const reference = subjects.at(-1);
  for (const atOnce of concurrencies) {
    const results = new Map<Subject, Round[]>(subjects.map((subject) => [subject, []]));
    for (let round = 0; round < options.rounds; round++) {
      for (const subject of subjects)
        results.get(subject)?.push(await measure(subject, atOnce, options.seconds));
    }
    for (const [subject, rounds] of results) {
      const rate = median(rounds.map(({ perSecond }) => perSecond));
      const ratios = rounds.map(
        ({ perSecond }, i) => perSecond / (results.get(reference ?? subject)?.[i]?.perSecond ?? Number.NaN),
      );
      print([
        `${subject.name}, ${atOnce} at once`,
        `${rate.toFixed(1)} tokens/s`,
        `${median(ratios).toFixed(2)} x ${reference?.name}; main thread ${median(rounds.map(({ mainMsPerStep }) => mainMsPerStep)).toFixed(2)} ms/step`,
      ]);
    }
  }
}

let seed = 0;

async function measure(subject: Subject, atOnce: number, seconds: number): Promise<Round> {
  const beforeMainMs = mainThreadMs(subject.pid);
  const startedMs = performance.now();
  const untilMs = startedMs + seconds * 1000;
  let tokens = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (performance.now() < untilMs) {
        seed += 1;
        const prompt = `Story ${seed}: once upon a time there was a lighthouse keeper who`;
        const got = await subject.ask({ prompt, maxTokens, seed });
        tokens += got;
      }
    }),
  );
  const elapsedMs = performance.now() - startedMs;
  return {
    perSecond: (tokens * 1000) / elapsedMs,
    mainMsPerStep: (mainThreadMs(subject.pid) - beforeMainMs) / (tokens / atOnce),
  };
}
