import type { InferenceDelta } from "@muster/base";
import { strayOutput } from "../answering/collect.ts";

/** A piece of the stream: a block begins, grows or ends. */
export interface BlockEvent {
  readonly type: "content_block_start" | "content_block_delta" | "content_block_stop";
  readonly index: number;
  readonly [field: string]: unknown;
}

type BlockKind = "text" | "thinking" | "tool_use";

/** The events of an answer's content: one block after the other, each stopped before the next one starts. */
export class ContentBlocks {
  #count = 0;
  #open: { readonly kind: BlockKind; readonly call: number | undefined } | undefined;

  push(delta: InferenceDelta): BlockEvent[] {
    switch (delta.kind) {
      case "text":
        if (delta.text === "") return [];
        return [
          ...this.#begin("text", { text: "", citations: null }),
          this.#grow({ type: "text_delta", text: delta.text }),
        ];
      case "reasoning":
        if (delta.text === "") return [];
        return [
          ...this.#begin("thinking", { thinking: "", signature: "" }),
          this.#grow({ type: "thinking_delta", thinking: delta.text }),
        ];
      case "tool-call": {
        const { id, name, index } = delta;
        return [...this.end(), ...this.#begin("tool_use", { id, name, input: {} }, index)];
      }
      case "tool-arguments":
        if (this.#open?.kind !== "tool_use" || this.#open.call !== delta.index)
          throw strayOutput(`arguments of tool call ${delta.index}, which is not under way`);
        if (delta.text === "") return [];
        return [this.#grow({ type: "input_json_delta", partial_json: delta.text })];
      case "embedding":
      case "score":
      case "token-ids":
        throw strayOutput(`"${delta.kind}" in a generated answer`);
      default:
        return delta satisfies never;
    }
  }

  /** Stops the block that is open, if one is. */
  end(): BlockEvent[] {
    const open = this.#open;
    if (open === undefined) return [];
    // Clients keep only thoughts with a signature. This one signs nothing: thoughts that come back are not verified.
    const signature =
      open.kind === "thinking" ? [this.#grow({ type: "signature_delta", signature: "" })] : [];
    this.#open = undefined;
    return [...signature, { type: "content_block_stop", index: this.#count++ }];
  }

  #begin(kind: BlockKind, fields: Readonly<Record<string, unknown>>, call?: number): BlockEvent[] {
    if (this.#open?.kind === kind && kind !== "tool_use") return [];
    const closing = this.end();
    this.#open = { kind, call };
    const content_block = { type: kind, ...fields };
    return [...closing, { type: "content_block_start", index: this.#count, content_block }];
  }

  #grow(delta: Readonly<Record<string, unknown>>): BlockEvent {
    return { type: "content_block_delta", index: this.#count, delta };
  }
}
