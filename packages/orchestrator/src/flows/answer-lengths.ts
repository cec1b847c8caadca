/** How much the latest answer counts. */
const smoothing = 0.1;
/** Models whose answers are kept in mind; the one that was not asked for longest is forgotten first. */
const maxModels = 1_024;

/** How long answers of each model are, in tokens. */
export class AnswerLengths {
  readonly #tokens = new Map<string, number>();

  note(model: string, completionTokens: number): void {
    const before = this.#tokens.get(model) ?? completionTokens;
    this.#tokens.delete(model);
    this.#tokens.set(model, before + smoothing * (completionTokens - before));
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size > maxModels && oldest !== undefined) this.#tokens.delete(oldest);
  }

  /** Of an answer that may have `maxTokens`; undefined: nobody knows. */
  expected(model: string, maxTokens: number | undefined): number | undefined {
    const usual = this.#tokens.get(model);
    if (usual === undefined || maxTokens === undefined) return usual ?? maxTokens;
    return Math.min(usual, maxTokens);
  }
}
