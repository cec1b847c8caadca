/** A schema that is an object. */
export type Keywords = Readonly<Record<string, unknown>>;

/** What a grammar cannot hold, with what to do about it. */
export const refusedKeywords: Readonly<Record<string, string>> = {
  patternProperties: 'List the names in "properties".',
  propertyNames: 'List the names in "properties".',
  minProperties: 'Use "required".',
  maxProperties: 'List the names in "properties" and set "additionalProperties" to false.',
  dependentRequired: 'Use "anyOf" with one schema for each case.',
  dependentSchemas: 'Use "anyOf" with one schema for each case.',
  dependencies: 'Use "anyOf" with one schema for each case.',
  if: 'Use "anyOf" with one schema for each case.',
  // biome-ignore lint/suspicious/noThenProperty: it is a keyword of JSON Schema.
  then: 'Use "anyOf" with one schema for each case.',
  else: 'Use "anyOf" with one schema for each case.',
  not: "Say what is allowed instead.",
  contains: 'Use "prefixItems" or "items".',
  minContains: 'Use "prefixItems" or "items".',
  maxContains: 'Use "prefixItems" or "items".',
  additionalItems: 'Use "items" beside "prefixItems".',
  unevaluatedItems: 'Use "items".',
  unevaluatedProperties: 'Use "additionalProperties".',
  $dynamicRef: 'Use "$ref".',
  $recursiveRef: 'Use "$ref".',
};

/** Says which values are valid; every other keyword is a remark. */
export const constrainingKeywords: ReadonlySet<string> = new Set([
  ...["type", "nullable", "enum", "const", "$ref", "allOf", "anyOf", "oneOf"],
  ...["properties", "required", "additionalProperties"],
  ...["items", "prefixItems", "minItems", "maxItems", "uniqueItems"],
  ...["minLength", "maxLength", "pattern", "format"],
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
]);

export const typeNames = ["object", "array", "string", "number", "integer", "boolean", "null"] as const;
export type TypeName = (typeof typeNames)[number];

/** Of schemas that name no type: the one that a keyword is about. */
export const typeOfKeyword: Readonly<Record<string, TypeName>> = {
  ...{ properties: "object", required: "object", additionalProperties: "object" },
  ...{ items: "array", prefixItems: "array", minItems: "array", maxItems: "array", uniqueItems: "array" },
  ...{ minLength: "string", maxLength: "string", pattern: "string", format: "string" },
  ...{ minimum: "number", maximum: "number", exclusiveMinimum: "number", exclusiveMaximum: "number" },
  multipleOf: "number",
};

/** Where schemas are in a schema: under a keyword itself, in its list, or by name. */
export const schemaPlaces = {
  single: [
    ...["items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"],
    ...["unevaluatedItems", "unevaluatedProperties", "additionalItems"],
  ],
  list: ["allOf", "anyOf", "oneOf", "prefixItems"],
  named: ["properties", "$defs", "definitions", "patternProperties", "dependentSchemas"],
} as const;

export function isKeywords(value: unknown): value is Keywords {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether every value fits: there are only remarks. */
export function isFree(schema: Keywords): boolean {
  return !Object.keys(schema).some(
    (keyword) => constrainingKeywords.has(keyword) || Object.hasOwn(refusedKeywords, keyword),
  );
}
