/** The path of the tiny model of random weights; written where it is missing or old, always with the same bytes. */
export declare function tinyModel(): Promise<string>;
/** The path of a tiny embedding model: texts that share words are near each other. */
export declare function tinyEmbedder(): Promise<string>;
/** The path of a tiny reranker: its scores mean nothing, and are always the same. */
export declare function tinyReranker(): Promise<string>;
//# sourceMappingURL=tiny-model.d.ts.map