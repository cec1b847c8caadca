/** Bytes of a file's tensors, by what they are for. */
export interface TensorTotals {
  readonly allBytes: number;
  /** Tables that are only looked up: llama.cpp keeps them in main memory. */
  readonly tokenEmbeddingBytes: number;
  readonly perLayerEmbeddingBytes: number;
  /** The matrix that makes logits; 0 where the token embeddings do it too. */
  readonly outputBytes: number;
  /** Each block's, by number. */
  readonly blockBytes: readonly number[];
  /** Of the blocks': experts, of which a token sees only some. */
  readonly expertBytes: number;
  /** All types of tensor are known: otherwise the sums are too small. */
  readonly isComplete: boolean;
}

/** As llama.cpp's LLAMA_MAX_LAYERS: blocks with higher numbers are counted as no block's. */
const maxBlocks = 512;
const block = /^blk\.(\d{1,6})\.(.*)$/s;
const experts = /^ffn_(?:gate|up|down|gate_up)_(?:ch)?exps\b/;

/** Names as in llama.cpp's llama-arch.cpp. */
const lookups = new Set(["token_embd", "position_embd", "token_types"]);

export class TensorSums {
  readonly #blocks: number[] = [];
  #all = 0;
  #tokenEmbedding = 0;
  #perLayerEmbedding = 0;
  #output = 0;
  #experts = 0;
  #isComplete = true;

  /** @param bytes undefined: of a type that is not known */
  add(name: string, bytes: number | undefined): void {
    if (bytes === undefined) {
      this.#isComplete = false;
      return;
    }
    this.#all += bytes;
    const found = block.exec(name);
    const number = Number(found?.[1] ?? Number.NaN);
    if (found !== null && number < maxBlocks) {
      while (this.#blocks.length <= number) this.#blocks.push(0);
      this.#blocks[number] = (this.#blocks[number] ?? 0) + bytes;
      if (experts.test(found[2] ?? "")) this.#experts += bytes;
      return;
    }
    const [stem = ""] = name.split(".", 1);
    if (lookups.has(stem)) this.#tokenEmbedding += bytes;
    else if (stem === "per_layer_token_embd") this.#perLayerEmbedding += bytes;
    else if (stem === "output") this.#output += bytes;
  }

  totals(): TensorTotals {
    return {
      allBytes: this.#all,
      tokenEmbeddingBytes: this.#tokenEmbedding,
      perLayerEmbeddingBytes: this.#perLayerEmbedding,
      outputBytes: this.#output,
      blockBytes: [...this.#blocks],
      expertBytes: this.#experts,
      isComplete: this.#isComplete,
    };
  }
}
