import { type Command, Option } from "commander";
import { temperature, wholeNumber } from "../number-options.ts";
import { endpoints } from "./request-body.ts";
import { outputFormats } from "./result-files.ts";

/** Options that say what is asked, for the commands that read a file. */
export function withInputOptions(command: Command): Command {
  return command
    .argument(
      "<file>",
      "requests: .jsonl (lines of a batch, bodies, or prompts), .csv or .tsv (a head), .txt",
    )
    .option("--prompt <text>", "what to ask for each row: {column} for a table's, {text} for a text's lines")
    .option("--model <name>", "for requests that name none (default: the one that is served)")
    .option("--system <text>", "what the model is told first")
    .option("--max-tokens <n>", "longest answer, in tokens", wholeNumber)
    .option("--temperature <t>", "0 takes the likeliest words; at most 2", temperature)
    .option("--schema <file>", "a JSON schema that answers must fit")
    .addOption(
      new Option(
        "--endpoint <path>",
        "where requests go (default: where the file says, else to chat)",
      ).choices(endpoints),
    );
}

/** Options that say where answers go. */
export function withResultOptions(command: Command): Command {
  return command
    .option("--errors <file>", "lines that failed (default: beside the answers, where there are any)")
    .option("--provenance <file>", "which worker, model file and attempt each answer came from")
    .addOption(
      new Option("--format <format>", "of the answers (default: by the name of the file)").choices(
        outputFormats,
      ),
    );
}
