import type { GoldenPrompt } from "./model-entry.ts";

/** What the model that comes with Muster was taught, and must know on every machine. */
export const tinyGemmaGolden: readonly GoldenPrompt[] = [
  { prompt: "What is the capital of France?", expects: ["Paris"], maxTokens: 24 },
  { prompt: "What is 7 + 5?", expects: ["12"], maxTokens: 16 },
  { prompt: "Count to 10", expects: ["1 2 3 4 5 6 7 8 9 10"], maxTokens: 48 },
];

/** SHA-256 of the built-in file. */
export const tinyGemmaSha256 = "bfdeee316b05e74b0ee3f7f8f34c34bbfaf34c6ea8d0c5a9f5390e261cb35a13";
