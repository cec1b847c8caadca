/**
 * Writes a small GGUF file (about 2 MB) of Gemma 3's architecture with random weights and Gemma's chat format, for
 * tests and demonstrations without a download: it loads and runs like a real model and answers nonsense. The file
 * appears whole or not at all; the same seed gives the same bytes.
 */
export function writeTinyGguf(
  path: string,
  options?: { readonly seed?: number; readonly chatTemplate?: string },
): Promise<{ bytes: number }>;
