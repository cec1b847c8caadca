import { type CodePoints, codePointsOf, subtract } from "./code-points.ts";
import type { Compiler } from "./compiler.ts";
import { charClass, literal } from "./gbnf.ts";
import { sequence } from "./syntax.ts";

interface Node {
  /** Whether one of the names ends here. */
  isName: boolean;
  readonly children: Map<string, Node>;
}

/**
 * GBNF for a property's name, with its colon, that is none of `names`: a rule for each beginning of one of them, which
 * goes on to the next, or leaves all of them behind.
 */
export function otherKeysRule(names: readonly string[], compiler: Compiler): string {
  const { otherKeys } = compiler.syntax;
  const any = compiler.book.shared("key-char", () => charClass(otherKeys.chars));
  const nodes = beginningsOf(names, otherKeys.chars);
  const rules = new Map<Node, string>();
  for (const node of nodes.toReversed()) {
    const isRoot = node === nodes[0];
    const free = subtract(otherKeys.chars, codePointsOf([...node.children.keys()].join("")));
    const options = [...node.children].map(([char, child]) =>
      sequence(literal(char), rules.get(child) ?? ""),
    );
    if (free.length > 0) options.push(`${charClass(free)} ${any}*`);
    if (!node.isName && !(isRoot && !otherKeys.mayBeEmpty)) options.push('""');
    rules.set(node, compiler.book.add(options.join(" | ")));
  }
  return sequence(otherKeys.open, rules.get(nodes[0] as Node) ?? "", otherKeys.close);
}

/** The tree of all beginnings of names, each before those that go on from it. Names of other characters are left out. */
function beginningsOf(names: readonly string[], chars: CodePoints): Node[] {
  const root: Node = { isName: false, children: new Map() };
  const nodes = [root];
  for (const name of names) {
    if (subtract(codePointsOf(name), chars).length > 0) continue;
    let node = root;
    for (const char of name) {
      const known = node.children.get(char);
      const child = known ?? { isName: false, children: new Map() };
      if (known === undefined) {
        node.children.set(char, child);
        nodes.push(child);
      }
      node = child;
    }
    node.isName = true;
  }
  return nodes;
}
