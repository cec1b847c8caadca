import type { ChatCompletionRequest } from "@muster/sdk";

export const languages = ["curl", "python", "typescript", "muster"] as const;
export type Language = (typeof languages)[number];

export const languageNames: Readonly<Record<Language, string>> = {
  curl: "curl",
  python: "Python",
  typescript: "TypeScript",
  muster: "TypeScript, @muster/sdk",
};

interface Sample {
  readonly request: ChatCompletionRequest;
  /** Of this page: `https://muster.office:11500`. */
  readonly origin: string;
  /** Nobody needs a key here. */
  readonly isOpen: boolean;
}

/** The request of this page as a program that can be pasted and run: with a key of one's own in its place. */
export function codeSample(language: Language, sample: Sample): string {
  switch (language) {
    case "curl":
      return curl(sample);
    case "python":
      return python(sample);
    case "typescript":
      return openaiTypeScript(sample);
    case "muster":
      return musterTypeScript(sample);
    default:
      return language satisfies never;
  }
}

/** How images of the conversation are written: whole ones would fill pages. */
export const imagePlaceholder = "data:image/png;base64,YOUR_IMAGE_AS_BASE64";

export function withoutImages(request: ChatCompletionRequest): ChatCompletionRequest {
  const messages = request.messages.map((message) => {
    if (!Array.isArray(message.content)) return message;
    const content = message.content.map((part) =>
      part.type === "image_url" ? { ...part, image_url: { url: imagePlaceholder } } : part,
    );
    return { ...message, content };
  });
  return { ...request, messages };
}

const keyOf = (isOpen: boolean) => (isOpen ? "unused" : "YOUR_KEY");

function curl({ request, origin, isOpen }: Sample): string {
  const body = literal({ ...request, stream: true }, json).replaceAll("'", "'\\''");
  return [
    `curl -N ${origin}/v1/chat/completions \\`,
    ...(isOpen ? [] : ['  -H "Authorization: Bearer YOUR_KEY" \\']),
    '  -H "Content-Type: application/json" \\',
    `  -d '${body}'`,
  ].join("\n");
}

function python({ request, origin, isOpen }: Sample): string {
  const options = Object.entries({ ...request, stream: true }).map(
    ([name, value]) => `    ${name}=${literal(value, pythonic, 4)},`,
  );
  return [
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url="${origin}/v1", api_key="${keyOf(isOpen)}")`,
    "stream = client.chat.completions.create(",
    ...options,
    ")",
    "for chunk in stream:",
    "    if chunk.choices:",
    '        print(chunk.choices[0].delta.content or "", end="", flush=True)',
  ].join("\n");
}

function openaiTypeScript({ request, origin, isOpen }: Sample): string {
  return [
    'import OpenAI from "openai";',
    "",
    `const client = new OpenAI({ baseURL: "${origin}/v1", apiKey: "${keyOf(isOpen)}" });`,
    `const stream = await client.chat.completions.create(${literal({ ...request, stream: true }, script)});`,
    "for await (const chunk of stream) {",
    '  process.stdout.write(chunk.choices[0]?.delta.content ?? "");',
    "}",
  ].join("\n");
}

function musterTypeScript({ request, origin, isOpen }: Sample): string {
  const key = isOpen ? "" : ', apiKey: "YOUR_KEY"';
  return [
    'import { Muster } from "@muster/sdk";',
    "",
    `const muster = new Muster({ baseUrl: "${origin}"${key} });`,
    `const stream = await muster.chat.completions.create(${literal({ ...request, stream: true }, script)});`,
    "for await (const chunk of stream) {",
    '  process.stdout.write(chunk.choices[0]?.delta.content ?? "");',
    "}",
  ].join("\n");
}

/** How a program writes a value down. */
interface Notation {
  readonly none: string;
  readonly yes: string;
  readonly no: string;
  readonly indent: number;
  /** After the last of a list. */
  readonly lastComma: string;
  readonly name: (name: string) => string;
  /** Around what is written on one line between braces. */
  readonly space: string;
}

const json: Notation = {
  ...{ none: "null", yes: "true", no: "false", indent: 2, lastComma: "", space: " " },
  name: (name) => JSON.stringify(name),
};
const script: Notation = {
  ...json,
  lastComma: ",",
  name: (name) => (/^[A-Za-z_$][\w$]*$/.test(name) && name !== "__proto__" ? name : JSON.stringify(name)),
};
const pythonic: Notation = {
  ...json,
  none: "None",
  yes: "True",
  no: "False",
  indent: 4,
  lastComma: ",",
  space: "",
};

/** Longer lists and objects have a line for each part. */
const lineChars = 64;

/** A literal: short parts on one line. Strings of JSON are strings of all three. */
function literal(value: unknown, notation: Notation, indent = 0): string {
  if (value === null || value === undefined) return notation.none;
  if (typeof value === "boolean") return value ? notation.yes : notation.no;
  if (typeof value !== "object") return JSON.stringify(value);
  const isList = Array.isArray(value);
  const deeper = indent + notation.indent;
  const parts = isList
    ? value.map((each) => literal(each, notation, deeper))
    : Object.entries(value)
        .filter(([, each]) => each !== undefined)
        .map(([name, each]) => `${notation.name(name)}: ${literal(each, notation, deeper)}`);
  const [open, close] = isList ? "[]" : "{}";
  if (parts.length === 0) return `${open}${close}`;
  const space = isList ? "" : notation.space;
  const line = `${open}${space}${parts.join(", ")}${space}${close}`;
  if (indent > 0 && line.length <= lineChars && !line.includes("\n")) return line;
  const pad = `\n${" ".repeat(deeper)}`;
  return `${open}${pad}${parts.join(`,${pad}`)}${notation.lastComma}\n${" ".repeat(indent)}${close}`;
}
