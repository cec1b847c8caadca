/** A piece of a line of text. Links lead to http and https alone; images are shown as links, since loading one tells on the reader. */
export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "strong" | "emphasis" | "strike"; readonly inlines: readonly Inline[] }
  | { readonly kind: "link"; readonly href: string; readonly inlines: readonly Inline[] };

/** Deeper marks are shown as they are written. */
const maxDepth = 6;
/** Longer paragraphs are no prose, and are shown as they are written. */
const maxMarkedChars = 20_000;
const maxAddressChars = 2_000;

type Mark = "**" | "__" | "~~" | "*" | "_";
const marks: readonly { readonly mark: Mark; readonly kind: "strong" | "emphasis" | "strike" }[] = [
  { mark: "**", kind: "strong" },
  { mark: "__", kind: "strong" },
  { mark: "~~", kind: "strike" },
  { mark: "*", kind: "emphasis" },
  { mark: "_", kind: "emphasis" },
];

/** What a paragraph says, with its marks read. Whatever is no mark stays text: nothing is lost and nothing fails. */
export function parseInlines(text: string, depth = 0): readonly Inline[] {
  if (text.length > maxMarkedChars || depth > maxDepth) return [{ kind: "text", text }];
  return new InlineReader(text, depth).read();
}

interface Found {
  readonly inline: Inline;
  readonly end: number;
}

class InlineReader {
  readonly #text: string;
  readonly #depth: number;
  readonly #out: Inline[] = [];
  /** Marks that no later text closes: looked for once, so that a text of open marks takes no longer than another. */
  readonly #unclosed = new Set<string>();
  #plain = "";

  constructor(text: string, depth: number) {
    this.#text = text;
    this.#depth = depth;
  }

  read(): readonly Inline[] {
    for (let at = 0; at < this.#text.length; ) {
      const escaped = escapedAt(this.#text, at);
      const found = escaped === undefined ? this.#inlineAt(at) : undefined;
      if (found === undefined) {
        this.#plain += escaped ?? this.#text[at] ?? "";
        at += escaped === undefined ? 1 : 2;
        continue;
      }
      this.#endPlain();
      this.#out.push(found.inline);
      at = found.end;
    }
    this.#endPlain();
    return this.#out;
  }

  #endPlain(): void {
    if (this.#plain !== "") this.#out.push({ kind: "text", text: this.#plain });
    this.#plain = "";
  }

  #inlineAt(at: number): Found | undefined {
    switch (this.#text[at]) {
      case "`":
        return this.#code(at);
      case "[":
        return this.#link(at);
      case "!":
        return this.#text[at + 1] === "[" ? this.#link(at + 1) : undefined;
      case "h":
        return this.#bareAddress(at);
      case "*":
      case "_":
      case "~":
        return this.#marked(at);
      default:
        return undefined;
    }
  }

  #code(at: number): Found | undefined {
    const fence = runOf(this.#text, at, "`");
    const end = this.#find(fence, at + fence.length);
    if (end === -1) return undefined;
    const inner = this.#text.slice(at + fence.length, end);
    const text = inner.trim() === "" ? inner : inner.replace(/^ (.*) $/s, "$1");
    return { inline: { kind: "code", text }, end: end + fence.length };
  }

  #link(at: number): Found | undefined {
    const close = this.#find("](", at);
    if (close === -1 || close - at > maxAddressChars) return undefined;
    const end = this.#text.indexOf(")", close);
    if (end === -1 || end - close > maxAddressChars) return undefined;
    const href = safeAddress(this.#text.slice(close + 2, end).split(/\s/)[0] ?? "");
    if (href === undefined) return undefined;
    const words = this.#text.slice(at + 1, close);
    return {
      inline: { kind: "link", href, inlines: [{ kind: "text", text: words === "" ? href : words }] },
      end: end + 1,
    };
  }

  #bareAddress(at: number): Found | undefined {
    if (!/^https?:\/\//.test(this.#text.slice(at, at + 8)) || isWord(this.#text[at - 1])) return undefined;
    const [written = ""] = /^[^\s<>"'`]+/.exec(this.#text.slice(at, at + maxAddressChars)) ?? [];
    const trimmed = written.replace(/[).,;:!?*_\]]{1,8}$/, "");
    const href = safeAddress(trimmed);
    if (href === undefined) return undefined;
    return {
      inline: { kind: "link", href, inlines: [{ kind: "text", text: trimmed }] },
      end: at + trimmed.length,
    };
  }

  #marked(at: number): Found | undefined {
    const known = marks.find(({ mark }) => this.#text.startsWith(mark, at));
    if (known === undefined) return undefined;
    const { mark, kind } = known;
    const from = at + mark.length;
    if (isSpace(this.#text[from]) || (mark[0] === "_" && isWord(this.#text[at - 1]))) return undefined;
    const end = this.#closing(mark, from);
    if (end === -1) return undefined;
    const inlines = parseInlines(this.#text.slice(from, end), this.#depth + 1);
    return { inline: { kind, inlines }, end: end + mark.length };
  }

  /** Where a mark ends: after a word, outside of code, and for a single one not at a double one. */
  #closing(mark: Mark, from: number): number {
    if (this.#unclosed.has(mark)) return -1;
    for (let at = from; at < this.#text.length; at++) {
      if (escapedAt(this.#text, at) !== undefined) at += 1;
      else if (this.#text[at] === "`") at = this.#afterCode(at) - 1;
      else if (this.#text.startsWith(mark, at)) {
        if (mark.length === 1 && this.#text[at + 1] === mark) {
          at += 1;
          continue;
        }
        const isClosing = at > from && !isSpace(this.#text[at - 1]);
        if (isClosing && (mark[0] !== "_" || !isWord(this.#text[at + mark.length]))) return at;
      }
    }
    this.#unclosed.add(mark);
    return -1;
  }

  #afterCode(at: number): number {
    const fence = runOf(this.#text, at, "`");
    const end = this.#find(fence, at + fence.length);
    return end === -1 ? at + fence.length : end + fence.length;
  }

  #find(what: string, from: number): number {
    if (this.#unclosed.has(what)) return -1;
    const at = this.#text.indexOf(what, from);
    if (at === -1) this.#unclosed.add(what);
    return at;
  }
}

/** The address, where a browser may be sent there: nothing that runs, and nothing that is no address. */
export function safeAddress(text: string): string | undefined {
  if (!/^https?:\/\/[^\s]+$/i.test(text) || text.length > maxAddressChars) return undefined;
  return URL.canParse(text) ? text : undefined;
}

function escapedAt(text: string, at: number): string | undefined {
  if (text[at] !== "\\") return undefined;
  const next = text[at + 1];
  return next !== undefined && /[!-/:-@[-`{-~]/.test(next) ? next : undefined;
}

function runOf(text: string, at: number, char: string): string {
  let end = at;
  while (text[end] === char) end += 1;
  return text.slice(at, end);
}

function isSpace(char: string | undefined): boolean {
  return char === undefined || /\s/.test(char);
}

function isWord(char: string | undefined): boolean {
  return char !== undefined && /[\p{L}\p{N}]/u.test(char);
}
