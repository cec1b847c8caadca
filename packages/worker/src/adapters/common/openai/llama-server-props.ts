import type { Capability } from "@muster/base";
import { asFields, type JsonFields, textOf } from "../json-fields.ts";

/** Words of chat templates that write thoughts, or can be told not to. */
const thinkingMarks = /enable_thinking|<think>|reasoning_content|<\|think\|>|<\|channel\|?>/;

/** What a llama-server that generates can do, by its `/props`. Not seen there: whether it embeds or ranks instead. */
export function llamaServerCapabilities(props: JsonFields | undefined): readonly Capability[] {
  const modalities = asFields(props?.["modalities"]);
  const template = textOf(props, "chat_template") ?? "";
  return [
    "chat",
    "completion",
    // Templates without tools get them through a grammar of llama-server's own.
    "tools",
    "structured_output",
    ...(thinkingMarks.test(template) ? (["thinking"] as const) : []),
    "logprobs",
    "logit_bias",
    "tokenize",
    ...(modalities?.["vision"] === true ? (["vision"] as const) : []),
    ...(modalities?.["audio"] === true ? (["audio"] as const) : []),
  ];
}
