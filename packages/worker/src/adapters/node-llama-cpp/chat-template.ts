import { MusterError } from "@muster/base";
import { parseTemplate, renderTemplate, TemplateStopped } from "./template-sandbox.ts";

export interface TemplateInput {
  /** In the shape that templates know; see `template-messages.ts`. */
  readonly messages: readonly object[];
  readonly tools?: readonly object[];
  /** Undefined: the template's own default. */
  readonly isThinking?: boolean | undefined;
}

export interface ChatTemplate {
  /**
   * The prompt as text, ready for the model's turn. Throws MusterError `invalid_request` with the template's reason, and
   * `engine_failed` where the template does more than it may.
   */
  render(input: TemplateInput): string;
}

/** Compiles the template that a model file carries. Throws what the Jinja parser throws, and TemplateStopped. */
export function compileChatTemplate(
  source: string,
  tokens: { readonly bosText: string; readonly eosText: string },
): ChatTemplate {
  const template = parseTemplate(source);
  return {
    render({ messages, tools = [], isThinking }) {
      try {
        return renderTemplate(template, {
          messages,
          bos_token: tokens.bosText,
          eos_token: tokens.eosText,
          add_generation_prompt: true,
          // Templates test these against none, which an absent variable is not.
          tools: tools.length === 0 ? null : tools,
          documents: null,
          ...(isThinking === undefined ? {} : { enable_thinking: isThinking }),
        });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (error instanceof TemplateStopped)
          throw new MusterError("engine_failed", `The model's chat template ${reason}: use another model.`, {
            cause: error,
          });
        throw new MusterError(
          "invalid_request",
          `The model's chat template cannot take these messages: ${reason}`,
          { param: "messages", cause: error },
        );
      }
    },
  };
}
