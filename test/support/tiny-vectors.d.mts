/** Writes a small embedding model of random weights; texts that share words are near each other. */
export function writeTinyEmbedder(path: string): Promise<{ bytes: number }>;
/** Writes a small reranker of random weights: scores without meaning, the same every time. */
export function writeTinyReranker(path: string): Promise<{ bytes: number }>;
