/** A piece of a rendered prompt: what the template wrote, or special-token text that a person wrote. */
export interface PromptPart {
  readonly kind: "template" | "quoted";
  readonly text: string;
}

export interface SpecialTokenGuard {
  /**
   * Replaces special-token text by sentinels; text without any comes back unchanged. `texts` names others to look for
   * than the guard's own.
   */
  protect(text: string, texts?: SpecialTexts): string;
  /** Cuts a rendered prompt at the sentinels and gives them their text back. */
  split(rendered: string): PromptPart[];
}

/** One row of the private-use area carries numbers, so that neither templates nor people write them by chance. */
const privateUseStart = 0xe000;
const privateUseLength = 4096;

/** Spells numbers as private-use characters; each number is taken modulo 4,096. */
export function privateUseText(numbers: readonly number[]): string {
  return numbers.map((n) => String.fromCharCode(privateUseStart + (n % privateUseLength))).join("");
}

/**
 * Keeps text that people wrote from turning into control tokens: `<end_of_turn>` inside a message must not end the
 * turn. Made for one request, since `nonce` must not be known to whoever wrote the messages.
 * @param specialTexts the text forms of the tokens to guard
 * @param nonce at least eight random private-use characters (see `privateUseText`)
 */
export function createSpecialTokenGuard(specialTexts: SpecialTexts, nonce: string): SpecialTokenGuard {
  const quoted: string[] = [];
  return {
    protect(text, texts = specialTexts) {
      let result = "";
      let copiedUpTo = 0;
      for (let at = 0; at < text.length; ) {
        const found = texts.matchAt(text, at);
        if (found === undefined) {
          at += 1;
          continue;
        }
        result += text.slice(copiedUpTo, at) + nonce + sentinelNumber(quoted.length) + nonce;
        quoted.push(found);
        at += found.length;
        copiedUpTo = at;
      }
      return copiedUpTo === 0 ? text : result + text.slice(copiedUpTo);
    },
    split(rendered) {
      // Between two nonces lies a sentinel's number; everything at an even place is template text.
      return rendered
        .split(nonce)
        .map((text, place): PromptPart => {
          if (place % 2 === 0) return { kind: "template", text };
          return { kind: "quoted", text: quoted[readSentinelNumber(text)] ?? "" };
        })
        .filter((part) => part.text !== "");
    },
  };
}

function sentinelNumber(index: number): string {
  return privateUseText([Math.floor(index / privateUseLength), index]);
}

function readSentinelNumber(text: string): number {
  const high = text.charCodeAt(0) - privateUseStart;
  const low = text.charCodeAt(1) - privateUseStart;
  return high * privateUseLength + low;
}

/** The guarded texts, ready to be looked up at any place of a text. Made once per model. */
export interface SpecialTexts {
  /** The longest guarded text that begins at `at`. */
  matchAt(text: string, at: number): string | undefined;
}

export function indexSpecialTexts(texts: Iterable<string>): SpecialTexts {
  const root: TextNode = { next: new Map(), text: undefined };
  for (const text of texts) {
    let node = root;
    for (let at = 0; at < text.length; at++) node = childOf(node, text.charCodeAt(at));
    if (text !== "") node.text = text;
  }
  return {
    matchAt(text, at) {
      let found: string | undefined;
      let node: TextNode | undefined = root;
      for (let place = at; place < text.length; place++) {
        node = node.next.get(text.charCodeAt(place));
        if (node === undefined) break;
        found = node.text ?? found;
      }
      return found;
    },
  };
}

/**
 * Texts by their characters: some models have thousands that begin alike, and whoever writes such beginnings must not
 * make us compare them all.
 */
interface TextNode {
  readonly next: Map<number, TextNode>;
  /** Undefined: no text ends here. */
  text: string | undefined;
}

function childOf(node: TextNode, char: number): TextNode {
  const known = node.next.get(char);
  if (known !== undefined) return known;
  const made: TextNode = { next: new Map(), text: undefined };
  node.next.set(char, made);
  return made;
}
