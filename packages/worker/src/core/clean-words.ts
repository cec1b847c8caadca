import type { KeptLine } from "@muster/base";
import type { WorkerSays } from "./link-messages.ts";

/** A folder of this machine, and what people elsewhere may call it. */
export interface NamedPlace {
  readonly path: string;
  readonly name: string;
}

/** Turns text for people of this machine into text for people elsewhere. */
export type CleanWords = (text: string) => string;

/** A path of a machine, at least two names deep: addresses, routes of an API and fractions are none. */
const systemPath =
  /(?<![\w:/.~-])(?:\/(?:home|root|Users|var|tmp|private|opt|usr|etc|mnt|media|srv|run|proc|dev|lib|lib64|work|data|Volumes|Applications)|[A-Za-z]:)(?:[/\\][^\s"'`,;:()<>[\]{}|/\\]+)+/g;

/** @param places what paths are called that people elsewhere have a word for; of other paths the last name is left */
export function createCleanWords(places: readonly NamedPlace[]): CleanWords {
  const known = places.filter(({ path }) => path.length > 1).sort((a, b) => b.path.length - a.path.length);
  return (text) => {
    let clean = text;
    for (const { path, name } of known) clean = clean.replaceAll(path, name);
    return clean.replace(systemPath, (found) => found.split(/[/\\]/).at(-1) ?? found);
  };
}

/** What a worker says, without where things lie on its machine. What a model has written stays as it is. */
export function withCleanWords(message: WorkerSays, clean: CleanWords): WorkerSays {
  switch (message.kind) {
    case "replica": {
      const { failure } = message.report;
      if (failure === undefined) return message;
      return { ...message, report: { ...message.report, failure: cleaned(failure, clean) } };
    }
    case "end":
      return message.result.kind === "failed"
        ? { ...message, result: cleaned(message.result, clean) }
        : message;
    case "inventory": {
      const fetching = message.inventory.fetching?.map((file) =>
        file.problem === undefined ? file : { ...file, problem: clean(file.problem) },
      );
      return { ...message, inventory: { ...message.inventory, ...(fetching && { fetching }) } };
    }
    case "availability":
      return {
        ...message,
        availability: { ...message.availability, reason: clean(message.availability.reason) },
      };
    case "logs":
      return { ...message, lines: message.lines.map((line) => cleanedLine(line, clean)) };
    case "draining":
    case "goodbye":
      return { ...message, reason: clean(message.reason) };
    case "heartbeat":
    case "output":
      return message;
    default:
      return message satisfies never;
  }
}

function cleanedLine(line: KeptLine, clean: CleanWords): KeptLine {
  const fields = Object.entries(line.fields).map(
    ([name, value]) => [name, typeof value === "string" ? clean(value) : value] as const,
  );
  return { ...line, words: clean(line.words), fields: Object.fromEntries(fields) };
}

function cleaned<T extends { readonly message: string }>(failure: T, clean: CleanWords): T {
  return { ...failure, message: clean(failure.message) };
}
