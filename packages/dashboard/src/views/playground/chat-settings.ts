/** What the form holds, as it was typed: what is empty is left to the model. */
export interface ChatSettings {
  readonly system: string;
  readonly temperature: string;
  readonly topP: string;
  readonly maxTokens: string;
  readonly seed: string;
  readonly thinking: Thinking;
  readonly format: "text" | "json_object" | "json_schema";
  readonly schema: string;
}

export const thinkings = ["default", "none", "low", "medium", "high"] as const;
export type Thinking = (typeof thinkings)[number];

const exampleSchema = `{
  "type": "object",
  "properties": {
    "title": { "type": "string" },
    "year": { "type": "integer" }
  },
  "required": ["title", "year"]
}`;

export const usualSettings: ChatSettings = {
  ...{ system: "", temperature: "", topP: "", maxTokens: "", seed: "" },
  ...{ thinking: "default", format: "text", schema: exampleSchema },
};

type NumberField = "temperature" | "topP" | "maxTokens" | "seed";

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly isWhole: boolean;
}

const numberFields: Readonly<Record<NumberField, Bounds>> = {
  temperature: { least: 0, most: 2, isWhole: false },
  topP: { least: 0, most: 1, isWhole: false },
  maxTokens: { least: 1, most: 262_144, isWhole: true },
  seed: { least: 0, most: 4_294_967_295, isWhole: true },
};

export type Problems = Readonly<Partial<Record<keyof ChatSettings, string>>>;

/** What of the form cannot be sent, and why. */
export function problemsOf(settings: ChatSettings): Problems {
  const problems: Partial<Record<keyof ChatSettings, string>> = {};
  for (const field of Object.keys(numberFields) as NumberField[]) {
    const problem = numberProblem(settings[field], numberFields[field]);
    if (problem !== undefined) problems[field] = problem;
  }
  if (settings.format === "json_schema") {
    const problem = schemaProblem(settings.schema);
    if (problem !== undefined) problems.schema = problem;
  }
  return problems;
}

function numberProblem(text: string, { least, most, isWhole }: Bounds): string | undefined {
  const value = numberOf(text);
  if (value === undefined) return undefined;
  if (!Number.isFinite(value) || value < least || value > most || (isWhole && !Number.isInteger(value)))
    return `Write ${isWhole ? "a whole number" : "a number"} from ${least} to ${most}.`;
  return undefined;
}

function schemaProblem(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? undefined : "A schema is a JSON object.";
  } catch (error) {
    return `This is not JSON yet: ${error instanceof Error ? error.message : "it cannot be read"}.`;
  }
}

/** Undefined where nothing is written. */
export function numberOf(text: string): number | undefined {
  return text.trim() === "" ? undefined : Number(text.replace(",", "."));
}
