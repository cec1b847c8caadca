import type { Thinking } from "@muster/base";
import { z } from "zod";

const efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;
export const effort = z.enum(efforts);
export type Effort = z.infer<typeof effort>;

/** Tokens of thought that an effort is worth; undefined: as many as the model wants. */
const effortBudgets: Record<Exclude<Effort, "none">, number | undefined> = {
  minimal: 128,
  low: 512,
  medium: 2_048,
  high: undefined,
  xhigh: undefined,
  max: undefined,
};

interface ThinkingAsked {
  readonly effort?: Effort | null | undefined;
  /** On or off in so many words; an effort goes before it. */
  readonly isOn?: boolean | null | undefined;
  /** Goes before the effort's; 0 is no thought at all. */
  readonly budgetTokens?: number | null | undefined;
}

/** Undefined where nothing is asked: the model's chat template decides. */
export function thinkingOf({ effort, isOn, budgetTokens }: ThinkingAsked): Thinking | undefined {
  const isOff = effort === "none" || (isNone(effort) && isOn === false) || budgetTokens === 0;
  if (isOff) return { mode: "off" };
  const budget = budgetTokens ?? (isNone(effort) ? undefined : effortBudgets[effort]);
  if (isNone(effort) && isOn !== true && budget === undefined) return undefined;
  return { mode: "on", ...(budget === undefined ? {} : { budgetTokens: budget }) };
}

function isNone(value: Effort | null | undefined): value is null | undefined | "none" {
  return value === undefined || value === null || value === "none";
}
