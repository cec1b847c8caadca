import { expect, test } from "vitest";
import {
  bytes,
  count,
  parameters,
  percent,
  rate,
  short,
  tokens,
  unknown,
  wattHours,
  watts,
} from "./numbers.ts";

const gap = "\u00a0";

test("figures keep about three digits, whatever their size", () => {
  const shown = [
    0, 0.001, 0.424, 0.999, 8.06, 9.96, 812.4, 9_999, 12_345, 99_960, 456_789, 3_100_000, 7e9, 2e12,
  ];
  expect(shown.map(short)).toEqual([
    ...["0", "<0.01", "0.42", "1", "8.1", "10", "812", "9,999", "12.3k", "100k", "457k", "3.1M", "7G", "2T"],
  ]);
});

test("what is not known is a dash, never a zero", () => {
  for (const format of [short, percent, bytes, watts, wattHours, parameters, tokens]) {
    expect(format(null)).toBe(unknown);
    expect(format(undefined)).toBe(unknown);
    expect(format(Number.NaN)).toBe(unknown);
  }
});

test("a share is neither rounded to nothing nor to all", () => {
  expect([0, 0.004, 0.426, 0.996, 1].map(percent)).toEqual(["0%", "<1%", "43%", "99%", "100%"]);
});

test("memory is counted in 1024s, and downloads in 1000s where that is asked for", () => {
  expect(bytes(25_757_220_864)).toBe(`24${gap}GB`);
  expect(bytes(1_610_612_736)).toBe(`1.5${gap}GB`);
  expect(bytes(1_500_000_000, 1000)).toBe(`1.5${gap}GB`);
  expect(bytes(512)).toBe(`512${gap}B`);
});

test("rates, watts and counts carry their units", () => {
  expect(rate(812)).toBe("812 tokens/s");
  expect(watts(184.4)).toBe(`184${gap}W`);
  expect(watts(1_240)).toBe(`1.2${gap}kW`);
  expect(wattHours(12_340)).toBe(`12${gap}kWh`);
  expect(count(1, "worker")).toBe("1 worker");
  expect(count(2_000, "worker")).toBe("2,000 workers");
  expect(count(0, "batch", "batches")).toBe("0 batches");
});

test("models are as large as people say they are", () => {
  expect([270e6, 4.5e9, 31e9].map(parameters)).toEqual(["270M", "4.5B", "31B"]);
  expect([128, 4_096, 6_144, 131_072].map(tokens)).toEqual(["128", "4k", "6k", "128k"]);
});
