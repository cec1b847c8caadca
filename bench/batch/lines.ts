/** Input files that are made while they are sent: a million lines are never held. */

export interface LineShape {
  readonly model: string;
  readonly maxTokens: number;
  /** Of one line, about: the prompt is filled up to it. */
  readonly bytes: number;
}

/** How much is given to the socket at once. */
const chunkBytes = 256 * 1_024;
/** What a line takes beside its prompt. */
const envelopeBytes = 160;
const filler = "the quick brown fox jumps over the lazy dog and ";

export function* inputLines(count: number, { model, maxTokens, bytes }: LineShape): Generator<string> {
  let chunk = "";
  for (let line = 0; line < count; line++) {
    const text = filler.repeat(Math.ceil(bytes / filler.length)).slice(0, Math.max(0, bytes - envelopeBytes));
    chunk += `${JSON.stringify({
      custom_id: `line-${line}`,
      method: "POST",
      url: "/v1/chat/completions",
      body: { model, messages: [{ role: "user", content: `${line} ${text}` }], max_tokens: maxTokens },
    })}\n`;
    if (chunk.length < chunkBytes) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
}
