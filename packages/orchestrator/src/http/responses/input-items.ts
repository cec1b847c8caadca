import { z } from "zod";
import { limits } from "../parsing/limits.ts";

const text = z.looseObject({ type: z.enum(["input_text", "output_text", "text"]), text: z.string() });
const refusal = z.looseObject({ type: z.literal("refusal"), refusal: z.string() });
const image = z.looseObject({
  type: z.literal("input_image"),
  image_url: z.string({ error: "it must be a data: URL; this service keeps no files" }),
});

const part = z.discriminatedUnion("type", [text, refusal, image], {
  error: "it must be input_text, output_text or input_image; files and audio are not supported",
});

/** Text alone stands for one part of text. */
const parts = z.preprocess(
  (given) => (typeof given === "string" ? [{ type: "text", text: given }] : given),
  z.array(part, { error: "it must be text, or a list of parts" }),
);

const message = z.looseObject({
  type: z.literal("message"),
  role: z.enum(["user", "assistant", "system", "developer"]),
  content: parts,
});

const callId = z.string().min(1).max(256);
const name = z.string().min(1).max(256);

const functionCall = z.looseObject({
  type: z.literal("function_call"),
  call_id: callId,
  name,
  arguments: z.string(),
});
const functionCallOutput = z.looseObject({
  type: z.literal("function_call_output"),
  call_id: callId,
  output: parts,
});

/** Calls of tools that take free text: what another model did may be in the history. */
const customCall = z.looseObject({
  type: z.literal("custom_tool_call"),
  call_id: callId,
  name,
  input: z.string(),
});
const customCallOutput = z.looseObject({
  type: z.literal("custom_tool_call_output"),
  call_id: callId,
  output: parts,
});

const reasoning = z.looseObject({
  type: z.literal("reasoning"),
  content: z.array(z.looseObject({ type: z.string(), text: z.string() })).nullish(),
});

const reference = z.looseObject({ type: z.literal("item_reference") });

/** Traces of tools that run at OpenAI and notes of Codex: accepted, so that a conversation can go on here, and left out. */
const hosted = z.looseObject({
  type: z.enum([
    "apply_patch_call",
    "apply_patch_call_output",
    "code_interpreter_call",
    "compaction",
    "compaction_summary",
    "computer_call",
    "computer_call_output",
    "context_compaction",
    "file_search_call",
    "ghost_snapshot",
    "image_generation_call",
    "local_shell_call",
    "local_shell_call_output",
    "mcp_approval_request",
    "mcp_approval_response",
    "mcp_call",
    "mcp_list_tools",
    "shell_call",
    "shell_call_output",
    "tool_search_call",
    "tool_search_output",
    "web_search_call",
  ]),
});

const item = z.discriminatedUnion(
  "type",
  [message, functionCall, functionCallOutput, customCall, customCallOutput, reasoning, reference, hosted],
  { error: "items of this type are not known" },
);

/** A message may leave its type out. */
const typedItem = z.preprocess(
  (given) =>
    typeof given === "object" && given !== null && !("type" in given) ? { ...given, type: "message" } : given,
  item,
);

/** Text alone stands for one message of the user. */
export const input = z.preprocess(
  (given) => (typeof given === "string" ? [{ type: "message", role: "user", content: given }] : given),
  z.array(typedItem, { error: "it must be text, or a list of items" }).min(1).max(limits.maxMessages),
);

export type InputItem = z.infer<typeof item>;
export type InputPart = z.infer<typeof part>;
