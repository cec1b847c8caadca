/** Prompts that were pasted, one in each line. */
export interface PromptsAsked {
  readonly text: string;
  readonly model: string;
  readonly system: string;
  /** As typed; empty: the model's own. */
  readonly maxTokens: string;
}

/** Without blank lines. */
export function promptsOf(text: string): readonly string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** The input file of a batch that asks each prompt, numbered as they stand. */
export function promptFile(asked: PromptsAsked): string {
  const system = asked.system.trim();
  const maxTokens = asked.maxTokens.trim() === "" ? undefined : Number(asked.maxTokens);
  return promptsOf(asked.text)
    .map((prompt, index) => {
      const messages = [
        ...(system === "" ? [] : [{ role: "system", content: system }]),
        { role: "user", content: prompt },
      ];
      const body = {
        model: asked.model,
        messages,
        ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
      };
      return `${JSON.stringify({ custom_id: `line-${index + 1}`, method: "POST", url: "/v1/chat/completions", body })}\n`;
    })
    .join("");
}
