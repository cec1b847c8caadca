import { MusterError } from "@muster/base";

/** What the errors about one schema have in common. */
export interface Problems {
  /** A keyword that no grammar can hold. `advice` says what to write instead. */
  refuse(pointer: string, keyword: string, advice: string): MusterError;
  /** A schema that is none, that nothing fits, or that is too large. */
  wrong(pointer: string, what: string): MusterError;
}

export function createProblems(param: string): Problems {
  return {
    refuse: (pointer, keyword, advice) =>
      new MusterError(
        "unsupported",
        `The schema's "${keyword}" at ${shown(pointer)} cannot be enforced. ${advice}`,
        {
          param,
        },
      ),
    wrong: (pointer, what) =>
      new MusterError("invalid_request", `The schema at ${shown(pointer)} ${what}`, { param }),
  };
}

function shown(pointer: string): string {
  const text = `#${pointer}`;
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
