import type { Usage } from "@muster/sdk";
import { type ChatEvent, type ColdStart, workerOf } from "./chat-events.ts";

/** What somebody asked. */
export interface Question {
  readonly text: string;
  /** `data:` URLs. */
  readonly images: readonly string[];
}

/** What came of it. */
export interface Answer {
  readonly state: "waiting" | "streaming" | "done" | "stopped" | "failed";
  readonly coldStart: ColdStart | undefined;
  readonly thoughts: string;
  readonly text: string;
  readonly askedModel: string;
  /** Which model and machine answered; undefined until it has begun. */
  readonly model: string | undefined;
  readonly worker: string | undefined;
  readonly reason: string | undefined;
  readonly usage: Usage | undefined;
  readonly problem: string | undefined;
  readonly askedAtMs: number;
  readonly firstAtMs: number | undefined;
  /** When the answer itself began, after the thoughts. */
  readonly textAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
}

export interface Turn {
  readonly id: number;
  readonly question: Question;
  readonly answer: Answer;
}

/** In the memory of the page alone. */
export interface Conversation {
  readonly turns: readonly Turn[];
  readonly nextId: number;
}

export const emptyConversation: Conversation = { turns: [], nextId: 1 };

export type ConversationAction =
  /** `replaces`: a turn that is asked anew; those after it go. */
  | {
      readonly kind: "ask";
      readonly question: Question;
      readonly model: string;
      readonly atMs: number;
      readonly replaces?: number | undefined;
    }
  | {
      readonly kind: "events";
      readonly id: number;
      readonly events: readonly ChatEvent[];
      readonly atMs: number;
    }
  | { readonly kind: "ended"; readonly id: number; readonly atMs: number }
  | { readonly kind: "stopped"; readonly id: number; readonly atMs: number }
  | { readonly kind: "failed"; readonly id: number; readonly problem: string; readonly atMs: number }
  | { readonly kind: "clear" };

export function reduceConversation(conversation: Conversation, action: ConversationAction): Conversation {
  switch (action.kind) {
    case "ask": {
      const { turns, nextId } = conversation;
      const kept = turns.slice(0, replacedAt(turns, action.replaces));
      const turn = { id: nextId, question: action.question, answer: newAnswer(action.model, action.atMs) };
      return { turns: [...kept, turn], nextId: nextId + 1 };
    }
    case "events":
      return changed(conversation, action.id, (answer) =>
        action.events.reduce((so, event) => withEvent(so, event, action.atMs), answer),
      );
    case "ended":
      return changed(conversation, action.id, (answer) => ({
        ...answer,
        state: "done",
        endedAtMs: action.atMs,
      }));
    case "stopped":
      return changed(conversation, action.id, (answer) => ({
        ...answer,
        state: "stopped",
        endedAtMs: action.atMs,
      }));
    case "failed":
      return changed(conversation, action.id, (answer) => ({
        ...answer,
        ...{ state: "failed", problem: action.problem, endedAtMs: action.atMs },
      }));
    case "clear":
      return { turns: [], nextId: conversation.nextId };
    default:
      return action satisfies never;
  }
}

/** The turn whose answer is still coming. */
export function openTurn({ turns }: Conversation): Turn | undefined {
  const last = turns.at(-1);
  return last !== undefined && isOpen(last.answer) ? last : undefined;
}

export function isOpen({ state }: Answer): boolean {
  return state === "waiting" || state === "streaming";
}

function replacedAt(turns: readonly Turn[], id: number | undefined): number {
  const at = id === undefined ? -1 : turns.findIndex((turn) => turn.id === id);
  return at === -1 ? turns.length : at;
}

function newAnswer(askedModel: string, askedAtMs: number): Answer {
  const none = {
    coldStart: undefined,
    model: undefined,
    worker: undefined,
    reason: undefined,
    usage: undefined,
  };
  const later = { problem: undefined, firstAtMs: undefined, textAtMs: undefined, endedAtMs: undefined };
  return { state: "waiting", thoughts: "", text: "", askedModel, askedAtMs, ...none, ...later };
}

/** What is over, or was replaced, stays as it is. */
function changed(conversation: Conversation, id: number, change: (answer: Answer) => Answer): Conversation {
  const turns = conversation.turns.map((turn) =>
    turn.id === id && isOpen(turn.answer) ? { ...turn, answer: change(turn.answer) } : turn,
  );
  return { ...conversation, turns };
}

function withEvent(answer: Answer, event: ChatEvent, atMs: number): Answer {
  switch (event.kind) {
    case "waiting":
      return { ...answer, coldStart: event.coldStart };
    case "source":
      return { ...answer, model: event.model, worker: workerOf(event.fingerprint, event.model) };
    case "thought":
      return { ...begun(answer, atMs), thoughts: answer.thoughts + event.text };
    case "text":
      return { ...begun(answer, atMs), text: answer.text + event.text, textAtMs: answer.textAtMs ?? atMs };
    case "reason":
      return { ...answer, reason: event.reason };
    case "usage":
      return { ...answer, usage: event.usage };
    default:
      return event satisfies never;
  }
}

function begun(answer: Answer, atMs: number): Answer {
  return { ...answer, state: "streaming", coldStart: undefined, firstAtMs: answer.firstAtMs ?? atMs };
}

/** What an answer took; undefined: not known. */
export interface AnswerFigures {
  readonly firstTokenMs: number | undefined;
  readonly tokensPerSecond: number | undefined;
  readonly totalMs: number | undefined;
}

/** The first token comes with the prompt, so the rate is that of the others. */
export function figuresOf({ askedAtMs, firstAtMs, endedAtMs, usage }: Answer): AnswerFigures {
  const firstTokenMs = firstAtMs === undefined ? undefined : firstAtMs - askedAtMs;
  const totalMs = endedAtMs === undefined ? undefined : endedAtMs - askedAtMs;
  const tokens = (usage?.completion_tokens ?? 0) - 1;
  const writingMs = firstAtMs === undefined || endedAtMs === undefined ? 0 : endedAtMs - firstAtMs;
  return {
    firstTokenMs,
    totalMs,
    tokensPerSecond: tokens > 0 && writingMs > 0 ? tokens / (writingMs / 1_000) : undefined,
  };
}
