/**
 * How a chat is written for a model whose file carries no chat template: a base model, which continues text and knows
 * nothing of turns. Questions and answers in plain words work best for those.
 */
export const plainChat = {
  template: `{% for message in messages %}{% if message.role == 'system' %}{{ message.content | trim }}

{% elif message.role == 'assistant' %}Answer: {{ message.content | trim }}
{% else %}Question: {{ message.content | trim }}
{% endif %}{% endfor %}Answer:`,
  /** Where the model would go on to ask the next question itself. */
  stops: ["\nQuestion:"],
} as const;

/** What is done to an answer besides what its request says. */
export interface AnswerRules {
  readonly stops: readonly string[];
  /** The answer follows a colon: the space that it begins with is the transcript's. */
  readonly isTrimmed: boolean;
}

export const noRules: AnswerRules = { stops: [], isTrimmed: false };
export const plainChatRules: AnswerRules = { stops: plainChat.stops, isTrimmed: true };
