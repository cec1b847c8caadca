import fc from "fast-check";

/** A schema, and values that are valid for it and have their properties in its order. */
export interface SchemaCase {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly values: fc.Arbitrary<unknown>;
}

const text = fc.string({ unit: "binary", maxLength: 12 });
const keys = fc.constantFrom("a", "ab", "abc", "b", "name", "two words", 'quo"te', "é", "😀", "x:y", "");
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    text,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom("a", "b", "c d"), tie("value"), { maxKeys: 2, noNullPrototype: true }),
  ),
})).value;

const patterns = [
  "^[a-z]{2,4}$",
  "^(foo|ba[rz])+$",
  "^\\d{3}-\\d{4}$",
  "^a?b*c+$",
  "^[^a-c]$",
  '^["\\\\/]{1,3}$',
  "^(?:x\\.){0,3}y$",
  "^[\\w.-]+@[a-z]+$",
  "b[0-9]+",
  "^start",
  "end$|^other",
];
const formats: readonly SchemaCase[] = [
  { schema: { format: "uuid" }, values: fc.uuid() },
  { schema: { format: "ipv4" }, values: fc.ipV4() },
  {
    schema: { format: "date-time" },
    values: fc
      .date({ min: new Date("0000-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
      .map((at) => at.toISOString()),
  },
  {
    schema: { format: "date" },
    values: fc
      .date({ min: new Date("0000-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
      .map((at) => at.toISOString().slice(0, 10)),
  },
  { schema: { format: "of-our-own" }, values: text },
];

const strings: fc.Arbitrary<SchemaCase> = fc
  .oneof(
    fc.constant({ schema: {}, values: text }),
    fc.tuple(fc.nat(5), fc.nat(5)).map(([minLength, more]) => ({
      schema: { minLength, maxLength: minLength + more },
      values: fc.string({ unit: "binary", minLength, maxLength: minLength + more }),
    })),
    fc
      .constantFrom(...patterns)
      .map((pattern) => ({ schema: { pattern }, values: fc.stringMatching(new RegExp(pattern, "u")) })),
    fc.constantFrom(...formats),
  )
  .map(({ schema, values }) => ({ schema: { type: "string", ...schema }, values }));

const wholeBound = fc.oneof(fc.integer({ min: -20, max: 120 }), fc.maxSafeInteger());
const integers: fc.Arbitrary<SchemaCase> = fc
  .oneof(
    fc.constant({ schema: {}, values: fc.integer() }),
    wholeBound.map((minimum) => ({
      schema: { minimum },
      values: fc.maxSafeInteger().map((n) => Math.max(n, minimum)),
    })),
    fc.tuple(wholeBound, wholeBound).map(([a, b]) => {
      const [minimum, maximum] = [Math.min(a, b), Math.max(a, b)];
      const values = fc.oneof(fc.integer({ min: minimum, max: maximum }), fc.constantFrom(minimum, maximum));
      return { schema: { minimum, maximum }, values };
    }),
  )
  .map(({ schema, values }) => ({
    schema: { type: "integer", ...schema },
    values: values.map((n) => (n === 0 ? 0 : n)),
  }));

/** Thousandths, so that the values are exact in the decimals that are written. */
const numbers: fc.Arbitrary<SchemaCase> = fc
  .tuple(
    fc.integer({ min: -5_000, max: 5_000 }),
    fc.integer({ min: 2, max: 3_000 }),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([low, width, isOpenBelow, isOpenAbove]) => ({
    schema: {
      type: "number",
      [isOpenBelow ? "exclusiveMinimum" : "minimum"]: low / 1000,
      [isOpenAbove ? "exclusiveMaximum" : "maximum"]: (low + width) / 1000,
    },
    values: fc
      .integer({ min: low + (isOpenBelow ? 1 : 0), max: low + width - (isOpenAbove ? 1 : 0) })
      .map((n) => (n === 0 ? 0 : n / 1000)),
  }));

const simple: fc.Arbitrary<SchemaCase> = fc.oneof(
  strings,
  integers,
  numbers,
  fc.constant({ schema: { type: "number" }, values: fc.integer().map((n) => (n === 0 ? 0 : n / 64)) }),
  fc.constant({ schema: { type: "boolean" }, values: fc.boolean() }),
  fc.constant({ schema: { type: ["null", "boolean"] }, values: fc.constantFrom(null, true) }),
  fc.constant({ schema: { type: "string", nullable: true }, values: fc.option(text) }),
  fc
    .array(json, { minLength: 1, maxLength: 5 })
    .map((values) => ({ schema: { enum: values }, values: fc.constantFrom(...values) })),
  json.map((value) => ({ schema: { const: value }, values: fc.constant(value) })),
  fc.constant({ schema: { description: "anything" }, values: json }),
);

/** Random schemas of every keyword that a grammar can hold, but `$ref`. */
export const schemaCases: fc.Arbitrary<SchemaCase> = fc.letrec<{ case: SchemaCase }>((tie) => ({
  case: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    simple,
    fc.tuple(tie("case"), fc.nat(3), fc.nat(3)).map(([{ schema, values }, minItems, more]) => ({
      schema: { type: "array", items: schema, minItems, maxItems: minItems + more },
      values: fc.array(values, { minLength: minItems, maxLength: minItems + more }),
    })),
    tie("case").map(({ schema, values }) => ({
      schema: { type: "array", items: schema },
      values: fc.array(values, { maxLength: 3 }),
    })),
    fc.tuple(fc.array(tie("case"), { minLength: 1, maxLength: 3 }), tie("case"), fc.nat(4)).map(tuples),
    fc.array(fc.tuple(keys, tie("case"), fc.boolean()), { maxLength: 5 }).map(objects),
    fc.tuple(objectParts(tie("case")), fc.boolean()).map(([parts, isOpen]) => openObjects(parts, isOpen)),
    fc.tuple(tie("case"), tie("case"), fc.constantFrom("anyOf", "oneOf")).map(([a, b, keyword]) => ({
      schema: { [keyword]: [a.schema, b.schema] },
      values: fc.oneof(a.values, b.values),
    })),
    fc.tuple(objectParts(tie("case")), fc.nat(3)).map(([parts, at]) => splitObjects(parts, at)),
  ),
})).case;

type Property = readonly [name: string, of: SchemaCase, isRequired: boolean];

function objectParts(of: fc.Arbitrary<SchemaCase>): fc.Arbitrary<Property[]> {
  return fc.uniqueArray(fc.tuple(keys, of, fc.boolean()), { maxLength: 4, selector: ([name]) => name });
}

function objects(given: readonly Property[]): SchemaCase {
  const parts = [...new Map(given.map((part) => [part[0], part])).values()];
  return {
    schema: { type: "object", ...objectKeywords(parts), additionalProperties: false },
    values: objectValues(parts),
  };
}

function openObjects(parts: readonly Property[], isOpen: boolean): SchemaCase {
  const additionalProperties = isOpen ? true : { type: "integer", minimum: 0 };
  const others = fc.dictionary(fc.constantFrom("a.", "abcd", "other", "n", "na"), fc.nat(), {
    maxKeys: 2,
    noNullPrototype: true,
  });
  return {
    schema: { type: "object", ...objectKeywords(parts), additionalProperties },
    values: fc.tuple(objectValues(parts), others).map(([own, more]) => ({ ...own, ...more })),
  };
}

function splitObjects(parts: readonly Property[], at: number): SchemaCase {
  const { required, properties } = objectKeywords(parts.slice(0, at));
  return {
    schema: { type: "object", properties, allOf: [objectKeywords(parts.slice(at)), { required }] },
    values: objectValues(parts),
  };
}

function objectKeywords(parts: readonly Property[]) {
  return {
    properties: Object.fromEntries(parts.map(([name, { schema }]) => [name, schema])),
    required: parts.filter(([, , isRequired]) => isRequired).map(([name]) => name),
  };
}

function objectValues(parts: readonly Property[]): fc.Arbitrary<Record<string, unknown>> {
  const members = parts.map(([name, { values }, isRequired]) => {
    const member = values.map((value): [string, unknown][] => [[name, value]]);
    return isRequired ? member : fc.oneof(member, fc.constant([]));
  });
  return fc.tuple(...members).map((all) => Object.fromEntries(all.flat()));
}

function tuples([listed, rest, more]: [SchemaCase[], SchemaCase, number]): SchemaCase {
  const count = more === 0 ? 0 : listed.length + more;
  return {
    schema: {
      type: "array",
      prefixItems: listed.map(({ schema }) => schema),
      items: rest.schema,
      minItems: 0,
      maxItems: Math.max(count, 1),
    },
    values: fc
      .tuple(
        fc.tuple(...listed.map(({ values }) => values)),
        fc.array(rest.values, { maxLength: 4 }),
        fc.nat(8),
      )
      .map(([first, then, length]) => [...first, ...then].slice(0, Math.min(length, Math.max(count, 1)))),
  };
}
