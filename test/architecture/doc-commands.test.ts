import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { musterProgram } from "@muster/cli/testing";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = musterProgram();
type Command = typeof program;

/** The code of a page: spans, fenced blocks, indented blocks, and headings, which name commands too. */
function codeIn(text: string): string[] {
  const fences = [...text.matchAll(/^```.*?\n(.*?)^```/gms)].map(([, block = ""]) => block);
  const prose = text.replace(/^```.*?^```/gms, "");
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span.replace(/\s+/g, " "));
  const indented = [...prose.matchAll(/^ {4}(.*)$/gm)].map(([, line = ""]) => line);
  const headings = [...prose.matchAll(/^#+ (muster .*)$/gm)].map(([, line = ""]) => line);
  const blocks = [...fences, indented.join("\n")].flatMap((block) =>
    block.replace(/\\\n\s*/g, " ").split("\n"),
  );
  return [...spans, ...blocks, ...headings];
}

/** `muster …` in a piece of code, each up to where the shell, or a remark of the page, takes over. */
function commandsIn(code: string): string[] {
  return [...code.matchAll(/(?<![\w./:-])muster (?=[a-z[<-])([^|;&)]*)/g)].map(([, words = ""]) =>
    words.replace(/"[^"]*"|'[^']*'/g, "QUOTED").replace(/\s+#.*$| {3,}.*$/, ""),
  );
}

const isPlaceholder = (word: string) => !/^[a-z][a-z-]*$/.test(word);

function commandAt(words: readonly string[]): {
  readonly command: Command;
  readonly rest: readonly string[];
} {
  let command: Command = program;
  for (const [index, word] of words.entries()) {
    const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (next === undefined) return { command, rest: words.slice(index) };
    command = next;
  }
  return { command, rest: [] };
}

/** What is wrong with a command as a page writes it; undefined: nothing. */
function problemWith(text: string): string | undefined {
  const words = text.split(/\s+/).filter(Boolean);
  const { command, rest } = commandAt(words);
  const [first] = rest;
  if (first !== undefined && command.commands.length > 0 && !isPlaceholder(first))
    return `"${first}" is no command of ${command.name()}`;
  if (first !== undefined && command === program && !first.startsWith("-") && first !== "<command>")
    return `"${first}" is no command`;
  const taken = new Set(["--help", ...command.options.flatMap(({ short, long }) => [short, long])]);
  if (command === program) taken.add("--version");
  const unknown = rest
    .map((word) => word.replace(/^\[|[\],.]+$/g, "").replace(/=.*$/, ""))
    .filter((word) => /^--?[a-z]/.test(word))
    .find((word) => !taken.has(word));
  return unknown === undefined ? undefined : `${command.name()} takes no ${unknown}`;
}

function problemsIn(text: string): string[] {
  return codeIn(text)
    .flatMap(commandsIn)
    .flatMap((command) => {
      const problem = problemWith(command);
      return problem === undefined ? [] : [`muster ${command.trim()}: ${problem}`];
    });
}

describe("the commands that documents name", () => {
  it("exist, with their options", async () => {
    const inDocs = (await readdir(join(root, "docs"), { recursive: true })).map((file) => `docs/${file}`);
    const found: string[] = [];
    for (const page of ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", ...inDocs]) {
      if (!page.endsWith(".md")) continue;
      const text = await readFile(join(root, page), "utf8");
      found.push(...problemsIn(text).map((problem) => `${page}: ${problem}`));
    }
    expect(found).toEqual([]);
  });

  it("are read: wrong commands and wrong options are found wherever they stand", () => {
    const text = `# muster topp
Use \`muster workers
stop desk-1\`, \`muster chat "--no option"\`, \`muster worker [model]\` or \`muster batch run a.csv --promt "x"\`.

    npx muster keys create --name ci \\
      --scop inference   # --not an option
    muster usage --by key,model --since 30d   --what it says

\`\`\`sh
KEY=$(muster keys create --name ci --rpm 600) && muster trust rotat --overlap 7d
muster batch run letters.csv -q
\`\`\`
`;
    expect(problemsIn(text)).toEqual([
      'muster workers stop desk-1: "stop" is no command of workers',
      "muster batch run a.csv --promt QUOTED: run takes no --promt",
      'muster trust rotat --overlap 7d: "rotat" is no command of trust',
      "muster batch run letters.csv -q: run takes no -q",
      "muster keys create --name ci  --scop inference: create takes no --scop",
      'muster topp: "topp" is no command of muster',
    ]);
  });
});
