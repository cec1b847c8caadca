/** What is written around a text before it becomes a vector. */
export interface TextFrames {
  readonly input: TextFrame;
  readonly query: TextFrame;
  readonly document: TextFrame;
}

export type TextFrame = (text: string) => string;

const bare: TextFrame = (text) => text;

/** The state after the last token stands for what comes next: asked for one word, it holds what the text means. */
const oneWord: TextFrame = (text) => `This sentence: "${text}" means in one word: "`;

/** Models that write make poor vectors of a bare text: its last token would decide. */
export const generativeFrames: TextFrames = { input: oneWord, query: oneWord, document: oneWord };

/**
 * An embedding model gets inputs as they are: their prefix says what they are for, which only the client knows. Of a
 * query and its documents we know it.
 */
export function embeddingFrames(architecture: string): TextFrames {
  if (architecture !== "gemma-embedding") return { input: bare, query: bare, document: bare };
  return {
    input: bare,
    query: (text) => `task: search result | query: ${text}`,
    document: (text) => `title: none | text: ${text}`,
  };
}
