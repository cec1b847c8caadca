import { type Node, parseBody } from "./parse-gbnf.fixture.ts";

/** A small reader of GBNF: says whether a text is in a grammar's language, and makes texts that are. */
export interface Gbnf {
  accepts(text: string): boolean;
  /** A text of the language; `random` gives numbers from 0 to 1. */
  derive(random: () => number): string;
  /** Names of rules that can begin with themselves, which llama.cpp refuses. */
  leftRecursive(): string[];
}

export function readGbnf(source: string): Gbnf {
  const rules = new Map<string, Node>();
  for (const line of source.split("\n").filter((each) => each !== "")) {
    const [, name = "", body = ""] = /^([A-Za-z0-9-]+) ::= (.+)$/.exec(line) ?? [];
    if (name === "" || rules.has(name)) throw new Error(`not one rule: ${line}`);
    rules.set(name, parseBody(body));
  }
  const ruleOf = (name: string): Node => {
    const rule = rules.get(name);
    if (rule === undefined) throw new Error(`no rule ${name}`);
    return rule;
  };
  for (const rule of rules.values()) for (const name of namesIn(rule)) ruleOf(name);
  return {
    accepts: (text) => matchEnds(ruleOf, [...text]).has([...text].length),
    derive: createDeriver(rules, ruleOf),
    leftRecursive: () => [...rules.keys()].filter((name) => beginsWithItself(name, ruleOf)),
  };
}

function namesIn(node: Node): string[] {
  if (node.kind === "rule") return [node.name];
  if (node.kind === "chars") return [];
  return partsOf(node).flatMap(namesIn);
}

function partsOf(node: Node): readonly Node[] {
  if (node.kind === "sequence") return node.parts;
  if (node.kind === "choice") return node.options;
  return node.kind === "repeat" ? [node.of] : [];
}

type RuleOf = (name: string) => Node;

/** Where a match that begins at the text's start can end. */
function matchEnds(ruleOf: RuleOf, text: readonly string[]): Set<number> {
  const memo = new Map<Node, Map<number, Set<number>>>();
  function match(node: Node, from: number): Set<number> {
    const ofNode = memo.get(node) ?? new Map<number, Set<number>>();
    memo.set(node, ofNode);
    const known = ofNode.get(from);
    if (known !== undefined) return known;
    const ends = matchNew(node, from);
    ofNode.set(from, ends);
    return ends;
  }
  const step = (node: Node, from: ReadonlySet<number>) =>
    new Set([...from].flatMap((at) => [...match(node, at)]));
  function matchNew(node: Node, from: number): Set<number> {
    switch (node.kind) {
      case "chars": {
        const code = text[from]?.codePointAt(0);
        const isIn = code !== undefined && node.ranges.some(([low, high]) => low <= code && code <= high);
        return new Set(isIn ? [from + 1] : []);
      }
      case "rule":
        return match(ruleOf(node.name), from);
      case "sequence":
        return node.parts.reduce((ends, part) => step(part, ends), new Set([from]));
      case "choice":
        return new Set(node.options.flatMap((option) => [...match(option, from)]));
      case "repeat": {
        let ends = new Set([from]);
        for (let i = 0; i < node.min; i++) ends = step(node.of, ends);
        const all = new Set(ends);
        for (let i = node.min; i < node.max && ends.size > 0; i++) {
          ends = new Set([...step(node.of, ends)].filter((end) => !all.has(end)));
          for (const end of ends) all.add(end);
        }
        return all;
      }
      default:
        return node satisfies never;
    }
  }
  return match(ruleOf("root"), 0);
}

function createDeriver(rules: ReadonlyMap<string, Node>, ruleOf: RuleOf): (random: () => number) => string {
  const heights = heightsOf(rules);
  const heightOf = (node: Node): number => height(node, heights);
  return (random) => {
    const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
    function derive(node: Node, depth: number): string {
      const isDeep = depth > 25;
      switch (node.kind) {
        case "chars": {
          const [from, to] = pick(node.ranges);
          const span = Math.min(to - from, random() < 0.9 ? 90 : to - from);
          return String.fromCodePoint(from + Math.floor(random() * (span + 1)));
        }
        case "rule":
          return derive(ruleOf(node.name), depth + 1);
        case "sequence":
          return node.parts.map((part) => derive(part, depth)).join("");
        case "choice": {
          const lowest = Math.min(...node.options.map(heightOf));
          return derive(
            pick(isDeep ? node.options.filter((option) => heightOf(option) === lowest) : node.options),
            depth,
          );
        }
        case "repeat": {
          const most = Math.min(node.max, node.min + 4);
          const isAtMost = node.max < 1_000 && random() < 0.05;
          const times = isDeep
            ? node.min
            : isAtMost
              ? node.max
              : node.min + Math.floor(random() * (most - node.min + 1));
          return Array.from({ length: times }, () => derive(node.of, depth)).join("");
        }
        default:
          return node satisfies never;
      }
    }
    return derive(ruleOf("root"), 0);
  };
}

/** How many rules deep the flattest text of each rule is. */
function heightsOf(rules: ReadonlyMap<string, Node>): ReadonlyMap<string, number> {
  const heights = new Map<string, number>();
  for (let isNew = true; isNew; ) {
    isNew = false;
    for (const [name, rule] of rules) {
      const now = height(rule, heights) + 1;
      if (now >= (heights.get(name) ?? Number.POSITIVE_INFINITY)) continue;
      heights.set(name, now);
      isNew = true;
    }
  }
  return heights;
}

function height(node: Node, heights: ReadonlyMap<string, number>): number {
  if (node.kind === "rule") return heights.get(node.name) ?? Number.POSITIVE_INFINITY;
  if (node.kind === "choice") return Math.min(...node.options.map((option) => height(option, heights)));
  if (node.kind === "repeat") return node.min === 0 ? 0 : height(node.of, heights);
  return Math.max(0, ...partsOf(node).map((part) => height(part, heights)));
}

function beginsWithItself(name: string, ruleOf: RuleOf): boolean {
  const seen = new Set<string>();
  const open = firstsOf(ruleOf(name), ruleOf);
  for (let first = open.pop(); first !== undefined; first = open.pop()) {
    if (first === name) return true;
    if (seen.has(first)) continue;
    seen.add(first);
    open.push(...firstsOf(ruleOf(first), ruleOf));
  }
  return false;
}

/** The rules that a node can begin with; a repetition of what may be empty counts as one that begins with itself. */
function firstsOf(node: Node, ruleOf: RuleOf): string[] {
  switch (node.kind) {
    case "chars":
      return [];
    case "rule":
      return [node.name];
    case "choice":
      return node.options.flatMap((option) => firstsOf(option, ruleOf));
    case "repeat":
      if (node.max === Number.POSITIVE_INFINITY && mayBeEmpty(node.of, ruleOf))
        throw new Error("an empty loop");
      return firstsOf(node.of, ruleOf);
    case "sequence": {
      const firsts: string[] = [];
      for (const part of node.parts) {
        firsts.push(...firstsOf(part, ruleOf));
        if (!mayBeEmpty(part, ruleOf)) break;
      }
      return firsts;
    }
    default:
      return node satisfies never;
  }
}

function mayBeEmpty(node: Node, ruleOf: RuleOf, within: ReadonlySet<string> = new Set()): boolean {
  switch (node.kind) {
    case "chars":
      return false;
    case "rule":
      return !within.has(node.name) && mayBeEmpty(ruleOf(node.name), ruleOf, new Set([...within, node.name]));
    case "choice":
      return node.options.some((option) => mayBeEmpty(option, ruleOf, within));
    case "repeat":
      return node.min === 0 || mayBeEmpty(node.of, ruleOf, within);
    case "sequence":
      return node.parts.every((part) => mayBeEmpty(part, ruleOf, within));
    default:
      return node satisfies never;
  }
}

/** Numbers from 0 to 1, the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
