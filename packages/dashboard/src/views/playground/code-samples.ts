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
  const body = JSON.stringify({ ...request, stream: true }, null, 2).replaceAll("'", "'\\''");
  return [
    `curl -N ${origin}/v1/chat/completions \\`,
    ...(isOpen ? [] : ['  -H "Authorization: Bearer YOUR_KEY" \\']),
    '  -H "Content-Type: application/json" \\',
    `  -d '${body}'`,
  ].join("\n");
}

function python({ request, origin, isOpen }: Sample): string {
  const options = Object.entries({ ...request, stream: true }).map(
    ([name, value]) => `    ${name}=${pythonOf(value, 4)},`,
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
    `const stream = await client.chat.completions.create(${scriptOf({ ...request, stream: true })});`,
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
    `const stream = await muster.chat.completions.create(${scriptOf({ ...request, stream: true })});`,
    "for await (const chunk of stream) {",
    '  process.stdout.write(chunk.choices[0]?.delta.content ?? "");',
    "}",
  ].join("\n");
}

/** A literal of TypeScript: JSON, with names bare where they can be. */
function scriptOf(value: unknown, indent = 0): string {
  const pad = " ".repeat(indent + 2);
  const end = `\n${" ".repeat(indent)}`;
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return `[\n${value.map((each) => `${pad}${scriptOf(each, indent + 2)},`).join("\n")}${end}]`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  if (entries.length === 0) return "{}";
  const lines = entries.map(([name, each]) => {
    const written = /^[A-Za-z_$][\w$]*$/.test(name) && name !== "__proto__" ? name : JSON.stringify(name);
    return `${pad}${written}: ${scriptOf(each, indent + 2)},`;
  });
  return `{\n${lines.join("\n")}${end}}`;
}

/** A literal of Python: its strings can be written as those of JSON. */
function pythonOf(value: unknown, indent: number): string {
  const pad = " ".repeat(indent + 4);
  const end = `\n${" ".repeat(indent)}`;
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return `[\n${value.map((each) => `${pad}${pythonOf(each, indent + 4)},`).join("\n")}${end}]`;
  }
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  if (entries.length === 0) return "{}";
  return `{\n${entries.map(([name, each]) => `${pad}${JSON.stringify(name)}: ${pythonOf(each, indent + 4)},`).join("\n")}${end}}`;
}
