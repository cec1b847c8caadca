import { median } from "../load.ts";
import { residentBytes, type Subject } from "./subject.ts";

const requests = 10_000;
const warmUp = 2_000;
const atOnce = 8;
/** Garbage makes the memory go up and down: medians of many samples are compared. */
const samples = 40;
const comparedSamples = 10;

/** Resident memory at the beginning and at the end of 10,000 short requests, after a warm-up. */
export async function benchMemory(subject: Subject, print: (row: string[]) => void): Promise<void> {
  await askMany(subject, warmUp);
  const mib: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    await askMany(subject, requests / samples);
    mib.push(residentBytes(subject.pid) / 2 ** 20);
  }
  const before = median(mib.slice(0, comparedSamples));
  const after = median(mib.slice(-comparedSamples));
  print([
    `${subject.name}, memory over ${requests} requests`,
    `${(((after - before) / before) * 100).toFixed(1)} %`,
    `<= 5 % (${before.toFixed(0)} to ${after.toFixed(0)} MiB)`,
  ]);
}

async function askMany(subject: Subject, count: number): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) {
        next += 1;
        await subject.ask({ prompt: `request ${next}`, maxTokens: 4, seed: next });
      }
    }),
  );
}
