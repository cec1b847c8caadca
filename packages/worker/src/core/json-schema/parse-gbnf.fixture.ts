/** A part of a rule of GBNF. */
export type Node =
  | { readonly kind: "chars"; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly kind: "rule"; readonly name: string }
  | { readonly kind: "sequence"; readonly parts: readonly Node[] }
  | { readonly kind: "choice"; readonly options: readonly Node[] }
  | { readonly kind: "repeat"; readonly of: Node; readonly min: number; readonly max: number };

/** As llama.cpp has it: a larger number is no limit at all there, or an error. */
const maxRepetitions = 2_000;

/** Reads what stands behind a rule's `::=`. */
export function parseBody(body: string): Node {
  const chars = [...body];
  let at = 0;
  const skip = () => {
    while (chars[at] === " ") at += 1;
  };

  function choice(): Node {
    const options = [sequence()];
    for (skip(); chars[at] === "|"; skip()) {
      at += 1;
      options.push(sequence());
    }
    return { kind: "choice", options };
  }
  function sequence(): Node {
    const parts: Node[] = [];
    for (skip(); at < chars.length && !"|)".includes(chars[at] ?? ""); skip()) parts.push(item());
    return { kind: "sequence", parts };
  }
  function item(): Node {
    let node = atom();
    for (;;) {
      skip();
      const sign = chars[at];
      if (sign === "*") node = { kind: "repeat", of: node, min: 0, max: Number.POSITIVE_INFINITY };
      else if (sign === "+") node = { kind: "repeat", of: node, min: 1, max: Number.POSITIVE_INFINITY };
      else if (sign === "?") node = { kind: "repeat", of: node, min: 0, max: 1 };
      else if (sign !== "{") return node;
      else {
        const [whole, low, comma, high] = /^\{(\d+)(,?)(\d*)\}/.exec(chars.slice(at).join("")) ?? [];
        if (whole === undefined) throw new Error(`no repetition: ${body.slice(at)}`);
        const max = comma === "" ? Number(low) : high === "" ? Number.POSITIVE_INFINITY : Number(high);
        if (Number(low) > maxRepetitions || (Number.isFinite(max) && max > maxRepetitions))
          throw new Error(whole);
        node = { kind: "repeat", of: node, min: Number(low), max };
        at += whole.length - 1;
      }
      at += 1;
    }
  }
  function atom(): Node {
    const char = chars[at];
    if (char === "(") {
      at += 1;
      const inner = choice();
      if (chars[at] !== ")") throw new Error(`no ) in ${body}`);
      at += 1;
      return inner;
    }
    if (char === '"') return literal();
    if (char === "[") return charClass();
    const name = /^[A-Za-z0-9-]+/.exec(chars.slice(at).join(""))?.[0];
    if (name === undefined) throw new Error(`what is ${body.slice(at)}`);
    at += name.length;
    return { kind: "rule", name };
  }
  function literal(): Node {
    const parts: Node[] = [];
    for (at += 1; chars[at] !== '"'; ) {
      const code = oneChar();
      parts.push({ kind: "chars", ranges: [[code, code]] });
    }
    at += 1;
    return { kind: "sequence", parts };
  }
  function charClass(): Node {
    const ranges: [number, number][] = [];
    for (at += 1; chars[at] !== "]"; ) {
      const from = oneChar();
      let to = from;
      if (chars[at] === "-") {
        at += 1;
        to = oneChar();
      }
      ranges.push([from, to]);
    }
    at += 1;
    return { kind: "chars", ranges };
  }
  function oneChar(): number {
    const char = chars[at];
    if (char === undefined) throw new Error(`ends too early: ${body}`);
    at += 1;
    if (char !== "\\") return char.codePointAt(0) ?? 0;
    const sign = chars[at] ?? "";
    at += 1;
    const digits = { x: 2, u: 4, U: 8 }[sign];
    if (digits !== undefined) {
      const hex = chars.slice(at, at + digits).join("");
      at += digits;
      return Number.parseInt(hex, 16);
    }
    const known = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\", "[": "[", "]": "]", "-": "-" }[sign];
    if (known === undefined) throw new Error(`no escape \\${sign}`);
    return known.charCodeAt(0);
  }

  const node = choice();
  if (at < chars.length) throw new Error(`left over: ${body.slice(at)}`);
  return node;
}
