import { Environment, Interpreter, Template } from "@huggingface/jinja";
import { tookTooLong, withinTime } from "./within-time.ts";

/** Why a template was ended, in words that go on from "the chat template". It is the file's fault, not the request's. */
export class TemplateStopped extends Error {}

/** Templates of model files. They are data of strangers: they see what they are given, and end within these. */
export const templateLimits = {
  /** The longest that people publish have 20,000 characters. */
  sourceLength: 256 * 1024,
  /** Nodes of the template that are evaluated, and so many more for each character of what it is given. */
  steps: 200_000,
  stepsPerCharacter: 8,
  /** What any text that it makes may have beyond a multiple of what it is given. */
  textLength: 1_048_576,
  textPerCharacter: 16,
  /** Items of a list. */
  items: 262_144,
  /** By the clock, for what one step may do: other answers wait meanwhile. */
  deadlineMs: 3_000,
} as const;

/** Throws what the Jinja parser throws, and TemplateStopped. */
export function parseTemplate(source: string): Template {
  const { sourceLength } = templateLimits;
  if (source.length > sourceLength) throw new TemplateStopped(`is longer than ${sourceLength} characters`);
  return limited(() => new Template(source));
}

/** Throws what the template raises, and TemplateStopped. */
export function renderTemplate({ parsed }: Template, values: Readonly<Record<string, unknown>>): string {
  const given = JSON.stringify(values).length;
  const environment = new Environment();
  for (const [name, value] of Object.entries({ ...globals, ...values })) environment.set(name, value);
  const interpreter = new BoundedInterpreter(environment, given);
  return limited(() => String(interpreter.run(parsed).value));
}

/** What the library's types leave out of its interpreter. */
interface Walker {
  run(program: unknown): { readonly value: unknown };
  /** Everything goes through here, each part of a template that is looked at. */
  evaluate(part: unknown, environment: unknown): { readonly value: unknown };
}
const LibraryInterpreter = Interpreter as unknown as new (environment: Environment) => Walker;

/** Walks over the template as its base does, and counts. */
class BoundedInterpreter extends LibraryInterpreter {
  readonly #textLength: number;
  #stepsLeft: number;

  constructor(environment: Environment, given: number) {
    super(environment);
    const { steps, stepsPerCharacter, textLength, textPerCharacter } = templateLimits;
    this.#stepsLeft = steps + stepsPerCharacter * given;
    this.#textLength = textLength + textPerCharacter * given;
  }

  override evaluate(part: unknown, environment: unknown): { readonly value: unknown } {
    this.#stepsLeft -= 1;
    if (this.#stepsLeft < 0) throw new TemplateStopped("has no end, or does far more than one has to do");
    const result = super.evaluate(part, environment);
    const { value } = result;
    if (typeof value === "string" && value.length > this.#textLength)
      throw new TemplateStopped("makes far longer texts than it is given");
    if (Array.isArray(value) && value.length > templateLimits.items) throw tooManyItems();
    return result;
  }
}

/** What templates may call: the same as with the library, but for endless ranges. */
const globals = {
  ...{ true: true, false: false, none: null, True: true, False: false, None: null },
  raise_exception(reason: unknown) {
    throw new Error(String(reason));
  },
  range(...bounds: readonly unknown[]): number[] {
    const [first = 0, second, step = 1] = bounds.map(Number);
    const [start, stop] = second === undefined ? [0, first] : [first, second];
    if (step === 0 || !bounds.every((each) => Number.isSafeInteger(each)))
      throw new Error("range() takes whole numbers, and no step of 0");
    const length = Math.max(0, Math.ceil((stop - start) / step));
    if (length > templateLimits.items) throw tooManyItems();
    return Array.from({ length }, (_none, at) => start + at * step);
  },
  strftime_now: (format: unknown) => dateText(String(format).slice(0, 1_000)),
};

function tooManyItems(): TemplateStopped {
  return new TemplateStopped(`makes lists of more than ${templateLimits.items} items`);
}

/** In English whatever the machine speaks: templates are written for it. */
function dateText(format: string): string {
  const now = new Date();
  const two = (value: number) => String(value).padStart(2, "0");
  const month = (length: "long" | "short") => new Intl.DateTimeFormat("en", { month: length }).format(now);
  return format.replace(/%[YmdbBHM%]/g, (token) => {
    switch (token) {
      case "%Y":
        return String(now.getFullYear());
      case "%m":
        return two(now.getMonth() + 1);
      case "%d":
        return two(now.getDate());
      case "%b":
        return month("short");
      case "%B":
        return month("long");
      case "%H":
        return two(now.getHours());
      case "%M":
        return two(now.getMinutes());
      default:
        return "%";
    }
  });
}

function limited<T>(task: () => T): T {
  const { deadlineMs } = templateLimits;
  try {
    const result = withinTime(deadlineMs, task);
    if (result === tookTooLong) throw new TemplateStopped(`takes longer than ${deadlineMs} ms`);
    return result;
  } catch (error) {
    if (error instanceof RangeError) throw new TemplateStopped(`cannot be evaluated: ${error.message}`);
    throw error;
  }
}
