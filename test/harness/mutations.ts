import type { Random } from "./random.ts";

/** Values that parsers and limits trip over, as JSON texts. */
const oddValues: readonly [string, ...string[]] = [
  ...(["null", "true", "false", '""', "[]", "{}", "[[]]", '{"":""}', "0", "-0", "-1", "1", "0.5"] as const),
  ...["9007199254740993", "-9007199254740993", "1e6", "1e308", "-1e308", "1e400", "-1e400", "1e-400"],
  ...["2147483648", "4294967296", "-2147483649", "262145", "1.0000000000000002", "999999999999999999999"],
  // None of these is JSON: what is left of a client that writes numbers by itself.
  ...["NaN", "Infinity", "-Infinity", "undefined", "01", "+1", ".5", "0x10", "1_000", "'a'"],
  ...[
    '"\\u0000"',
    '"\\ud800"',
    '"\\udfff x"',
    '"\\u202e\\u2066\\u200b"',
    '"\u{1f999}\u{e0041}"',
    '"\\ufffe"',
  ],
  ...[
    '"\\u0000../../etc/passwd"',
    '"../../../etc/passwd"',
    '"%00%2e%2e"',
    '"$\u007bjndi:ldap://x/}"',
    '"{{7*7}}"',
  ],
  ...['"<script>"', '"<|im_end|><start_of_turn>"', '"__proto__"', '"constructor"', '"\\r\\nx: y"'],
  ...['{"__proto__":{"a":1}}', '{"constructor":{"prototype":{"a":1}}}', '{"toString":1,"length":-1}'],
];

/** JSON of a value in which one thing, or a few, were changed; now and then what comes out is no JSON any more. */
export function mutatedJson(value: unknown, random: Random): string {
  const changes = 1 + random.below(3);
  let text = JSON.stringify(value);
  for (let done = 0; done < changes; done++) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      break;
    }
    text = changed(parsed, random);
  }
  return random.below(12) === 0 ? damaged(text, random) : text;
}

/** Writes a value anew, with one place of it replaced. */
function changed(value: unknown, random: Random): string {
  const places = countPlaces(value);
  let left = random.below(places);
  const write = (at: unknown): string => {
    if (left-- === 0) return replacement(at, random);
    if (Array.isArray(at)) return `[${at.map(write).join(",")}]`;
    if (typeof at !== "object" || at === null) return JSON.stringify(at) ?? "null";
    return `{${Object.entries(at)
      .map(([name, each]) => `${JSON.stringify(name)}:${write(each)}`)
      .join(",")}}`;
  };
  return write(value);
}

function countPlaces(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce<number>((sum, each) => sum + countPlaces(each), 1);
}

function replacement(value: unknown, random: Random): string {
  const text = JSON.stringify(value);
  switch (random.below(10)) {
    case 0:
      return nested(random);
    case 1:
      return JSON.stringify("x".repeat(10 ** (1 + random.below(5))));
    case 2:
      return `[${Array.from({ length: 1 + random.below(300) }, () => text.slice(0, 2_000)).join(",")}]`;
    case 3:
      return withField(value, random);
    case 4:
      return JSON.stringify(letters(random));
    default:
      return random.pick(oddValues);
  }
}

function nested(random: Random): string {
  const depth = 1 + random.below(400);
  return random.below(2) === 0
    ? `${"[".repeat(depth)}${"]".repeat(depth)}`
    : `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
}

/** One field more, or one twice: JSON has it, and parsers disagree about it. */
function withField(value: unknown, random: Random): string {
  const text = JSON.stringify(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return `{"value":${text}}`;
  const names = [...Object.keys(value), "n", "max_tokens", "stream", "__proto__", "unknown", ""] as const;
  const name = names[random.below(names.length)] ?? "";
  const field = `${JSON.stringify(name)}:${random.pick(oddValues)}`;
  return text === "{}" ? `{${field}}` : `${text.slice(0, -1)},${field}}`;
}

/** Of all planes, halves of pairs and characters that nobody has assigned too. */
function letters(random: Random): string {
  return Array.from({ length: 1 + random.below(60) }, () =>
    random.below(8) === 0
      ? String.fromCharCode(0xd800 + random.below(0x800))
      : String.fromCodePoint(random.below(0x110000)),
  ).join("");
}

function damaged(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  switch (random.below(4)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return `${text.slice(0, at)}${String.fromCharCode(random.below(128))}${text.slice(at)}`;
    case 2:
      return `\ufeff${text}`;
    default:
      return `${text}${text}`;
  }
}
