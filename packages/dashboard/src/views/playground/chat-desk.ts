import { ApiError } from "../../data/api.ts";
import { createStore } from "../../data/store.ts";
import { chatEvents } from "./chat-events.ts";
import { chatRequestOf } from "./chat-request.ts";
import { type ChatSettings, usualSettings } from "./chat-settings.ts";
import {
  type Conversation,
  type ConversationAction,
  emptyConversation,
  openTurn,
  type Question,
  reduceConversation,
} from "./conversation.ts";

export interface ChatState {
  readonly conversation: Conversation;
  readonly settings: ChatSettings;
  /** Undefined until one was chosen. */
  readonly model: string | undefined;
  /** What is being written, so that a look at another page does not lose it. */
  readonly draft: string;
}

interface DeskParts {
  /** Sends a request to be streamed. Throws an ApiError. */
  readonly send: (body: unknown, signal: AbortSignal) => Promise<Response>;
  readonly nowMs: () => number;
}

interface Asking {
  readonly question: Question;
  readonly model: string;
  readonly canThink: boolean;
  /** A turn that is asked anew. */
  readonly replaces?: number | undefined;
}

/** Holds the conversation while the page is open, and nowhere else; an answer goes on while another page is looked at. */
export class ChatDesk {
  readonly #parts: DeskParts;
  readonly store = createStore<ChatState>({
    ...{ conversation: emptyConversation, settings: usualSettings, model: undefined, draft: "" },
  });
  #running: AbortController | undefined;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  change(change: Partial<Omit<ChatState, "conversation">>): void {
    this.store.update((state) => ({ ...state, ...change }));
  }

  /** Resolves when the answer has come to its end, whatever that is. */
  async ask({ question, model, canThink, replaces }: Asking): Promise<void> {
    this.stop();
    const { settings } = this.store.get();
    this.#act({ kind: "ask", question, model, atMs: this.#parts.nowMs(), replaces });
    const { turns } = this.store.get().conversation;
    const id = turns.at(-1)?.id ?? 0;
    const controller = new AbortController();
    this.#running = controller;
    try {
      const request = chatRequestOf({ model, settings, canThink, earlier: turns.slice(0, -1), question });
      const body = { ...request, stream: true, stream_options: { include_usage: true } };
      const response = await this.#parts.send(body, controller.signal);
      if (response.body === null) throw new ApiError(0, "", "The server's answer was empty.");
      for await (const events of chatEvents(response.body))
        this.#act({ kind: "events", id, events, atMs: this.#parts.nowMs() });
      this.#act({ kind: "ended", id, atMs: this.#parts.nowMs() });
    } catch (error) {
      if (!controller.signal.aborted)
        this.#act({ kind: "failed", id, problem: wordsOf(error), atMs: this.#parts.nowMs() });
    } finally {
      if (this.#running === controller) this.#running = undefined;
    }
  }

  /** Leaves what has come. */
  stop(): void {
    const open = openTurn(this.store.get().conversation);
    if (open !== undefined) this.#act({ kind: "stopped", id: open.id, atMs: this.#parts.nowMs() });
    this.#running?.abort();
    this.#running = undefined;
  }

  clear(): void {
    this.stop();
    this.#act({ kind: "clear" });
  }

  #act(action: ConversationAction): void {
    this.store.update((state) => ({
      ...state,
      conversation: reduceConversation(state.conversation, action),
    }));
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  return "The orchestrator cannot be reached. Look whether it runs, and try again.";
}
