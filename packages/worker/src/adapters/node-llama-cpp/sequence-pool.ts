import { MusterError } from "@muster/base";
import type { Token } from "node-llama-cpp";
import type { CachedSequence } from "./cached-sequence.ts";
import type { NativeContext } from "./native-context.ts";
import type { StepLoop } from "./step-loop.ts";

export interface TakenSequence {
  /** Its cache holds the first `cachedTokens` tokens of the prompt and nothing else. */
  readonly sequence: CachedSequence;
  readonly cachedTokens: number;
  /** Gives the sequence back with its cache, for a later prompt with the same beginning. */
  release(): void;
  /** Empties the cache: after a failed step nobody knows what is in it. */
  forget(): Promise<void>;
}

/** What the model allows to be taken over from a cache. */
export interface CacheRules {
  /** Recurrent state cannot go back: only a cache that is a prefix as a whole is of use. */
  readonly isRecurrent: boolean;
  /** Tokens that a sliding window needs before the place where a cache is cut; undefined: no window that we know of. */
  readonly windowTokens: number | undefined;
}

/** A copy moves the whole cache of a slot: less than this is as fast to evaluate. */
const minCopiedTokens = 64;

interface Slot {
  readonly sequence: CachedSequence;
  /** What its holder evaluates; undefined when it is free. */
  prompt: readonly Token[] | undefined;
  /** Whose tokens the cache holds: nobody else's prompt may begin with them. */
  salt: string;
  /** Counts up; the lowest was used longest ago. */
  lastUse: number;
}

/** What is to be evaluated, and the salt of those that it may share its beginning with. */
export interface SaltedPrompt {
  readonly tokens: readonly Token[];
  readonly salt: string;
}

/** Where a prompt's beginning can come from. */
interface Offer {
  readonly slot: Slot;
  readonly tokens: number;
}

/**
 * The sequences of one context. They keep their cache between answers, so that a conversation need not be read again;
 * and a beginning that another sequence holds, or is evaluating right now, is copied and not evaluated twice. All of this
 * between prompts of one salt: how long an answer takes tells nothing of what others have asked.
 */
export class SequencePool {
  readonly #context: NativeContext;
  readonly #loop: StepLoop;
  readonly #rules: CacheRules;
  readonly #slots: readonly Slot[];
  #uses = 0;

  constructor(parts: {
    readonly context: NativeContext;
    readonly loop: StepLoop;
    readonly rules: CacheRules;
    readonly sequences: readonly CachedSequence[];
  }) {
    this.#context = parts.context;
    this.#loop = parts.loop;
    this.#rules = parts.rules;
    this.#slots = parts.sequences.map((sequence) => ({
      ...{ sequence, prompt: undefined, salt: "", lastUse: 0 },
    }));
  }

  /**
   * Takes a free sequence and makes its cache a beginning of the prompt, the longest that is to be had; waits for a
   * longer one that another sequence is evaluating. Undefined when it was cancelled meanwhile.
   * Throws MusterError `engine_failed` when no sequence is free.
   */
  async take(prompt: SaltedPrompt, isCancelled: () => boolean): Promise<TakenSequence | undefined> {
    while (!isCancelled()) {
      const taken = await this.#loop.exclusively(() => this.#tryTake(prompt));
      if (taken !== undefined) return taken;
    }
    return undefined;
  }

  /** Undefined: a longer beginning is on its way, ask again after the next step. */
  async #tryTake(prompt: SaltedPrompt): Promise<TakenSequence | undefined> {
    const free = this.#slots.filter((slot) => slot.prompt === undefined);
    const own = highest(
      free.map((slot) => this.#reusable(slot, prompt)),
      gain,
    );
    const copied = highest(
      this.#slots.map((slot) => this.#reusable(slot, prompt)),
      ({ tokens }) => tokens,
    );
    if (this.#isWorthWaiting(prompt, { own, copied })) return undefined;

    const isCopy = copied !== undefined && copied.tokens >= (own?.tokens ?? 0) + minCopiedTokens;
    const slot = isCopy || own === undefined ? this.#leastMissed(free) : own.slot;
    if (slot === undefined) throw new MusterError("engine_failed", "No slot of the replica is free.");
    const kept = this.#reusable(slot, prompt).tokens;
    slot.prompt = prompt.tokens;
    slot.salt = prompt.salt;
    try {
      if (isCopy && copied.slot !== slot) await this.#copy(copied, slot);
      else this.#cut(slot.sequence, kept);
    } catch (error) {
      this.#release(slot);
      throw error;
    }
    return this.#taken(slot);
  }

  #taken(slot: Slot): TakenSequence {
    const { sequence } = slot;
    let isTaken = true;
    return {
      sequence,
      cachedTokens: sequence.tokens.length,
      release: () => {
        if (isTaken) this.#release(slot);
        isTaken = false;
      },
      forget: () => this.#loop.exclusively(() => this.#cut(sequence, 0)),
    };
  }

  #release(slot: Slot): void {
    this.#uses += 1;
    slot.lastUse = this.#uses;
    slot.prompt = undefined;
  }

  /** How many tokens of the prompt the slot's cache can stand for. The last one is always evaluated, for its logits. */
  #reusable(slot: Slot, { tokens: prompt, salt }: SaltedPrompt): Offer {
    const { id, tokens } = slot.sequence;
    if (slot.salt !== salt) return { slot, tokens: 0 };
    const common = Math.min(commonLength(tokens, prompt), prompt.length - 1);
    if (common === tokens.length || common === 0) return { slot, tokens: common };
    if (this.#rules.isRecurrent) return { slot, tokens: 0 };
    const { windowTokens } = this.#rules;
    // Going back needs a whole window of cells before the cut: all, where the window's length is llama.cpp's own.
    const firstNeeded = windowTokens === undefined ? 0 : Math.max(0, common - windowTokens);
    const lacksCells = this.#context.getSequenceKvCacheMinPosition(id) > firstNeeded;
    return { slot, tokens: lacksCells ? 0 : common };
  }

  /** Whether a busy sequence will soon hold a longer beginning of the prompt than there is now. */
  #isWorthWaiting(
    { tokens: prompt, salt }: SaltedPrompt,
    { own, copied }: { readonly own: Offer | undefined; readonly copied: Offer | undefined },
  ): boolean {
    if (this.#rules.isRecurrent) return false;
    const ready = Math.max(own?.tokens ?? 0, copied?.tokens ?? 0);
    return this.#slots.some((slot) => {
      if (slot.prompt === undefined || slot.salt !== salt) return false;
      const promised = Math.min(commonLength(slot.prompt, prompt), prompt.length - 1);
      if (slot.sequence.tokens.length >= promised) return false;
      // One that would be copied from anyway is copied once it has all: it is at it.
      const isSource = slot === copied?.slot && promised >= (own?.tokens ?? 0) + minCopiedTokens;
      return promised >= ready + minCopiedTokens || (isSource && promised > ready);
    });
  }

  /**
   * The free slot that leaves the busy ones in the fewest runs of neighbours, which llama.cpp evaluates together; of
   * those the one that was used longest ago.
   */
  #leastMissed(free: readonly Slot[]): Slot | undefined {
    const isBusy = (id: number) => this.#slots.some(({ sequence, prompt }) => sequence.id === id && prompt);
    const cost = ({ sequence: { id } }: Slot) => 1 - Number(isBusy(id - 1)) - Number(isBusy(id + 1));
    return [...free].sort((a, b) => cost(a) - cost(b) || a.lastUse - b.lastUse)[0];
  }

  async #copy(from: Offer, to: Slot): Promise<void> {
    const source = from.slot.sequence;
    const target = to.sequence;
    target.tokens.length = 0;
    const last = await this.#context.copySequenceStateFromOtherSequence(target.id, source.id);
    if (last !== source.tokens.length - 1) {
      this.#context.disposeSequence(target.id);
      return;
    }
    for (const token of source.tokens) target.tokens.push(token);
    this.#cut(target, from.tokens);
  }

  /** Leaves the first `length` tokens in the cache; none, where it cannot be cut there. */
  #cut(sequence: CachedSequence, length: number): void {
    const { id, tokens } = sequence;
    if (length === tokens.length) return;
    if (length > 0 && this.#context.removeTokenCellsFromSequence(id, length, -1)) {
      tokens.length = length;
      return;
    }
    this.#context.disposeSequence(id);
    tokens.length = 0;
  }
}

function highest(offers: readonly Offer[], value: (offer: Offer) => number): Offer | undefined {
  let found: Offer | undefined;
  let foundValue = 0;
  for (const offer of offers) {
    if (value(offer) <= foundValue) continue;
    found = offer;
    foundValue = value(offer);
  }
  return found;
}

/** What is spared less what is lost: all chats begin alike, with the template's header, no reason to give up another. */
function gain({ slot, tokens }: Offer): number {
  return tokens - (slot.sequence.tokens.length - tokens);
}

function commonLength(a: readonly Token[], b: readonly Token[]): number {
  const end = Math.min(a.length, b.length);
  for (let i = 0; i < end; i++) if (a[i] !== b[i]) return i;
  return end;
}
