import type { JsonSchema } from "@muster/base";
import type { Compiler, Option } from "./compiler.ts";
import { isKeywords, type Keywords } from "./keywords.ts";
import { otherKeysRule } from "./other-keys.ts";
import { readTexts } from "./read-keyword.ts";
import { sequence } from "./syntax.ts";

/**
 * An object: its properties in the order of the schema, those that are not required left out or not, and then others
 * where `additionalProperties` allows them. Where that is absent, others are allowed only when none are listed: a model
 * has no use for names that nobody told it.
 */
export function objectRule(schema: Keywords, compiler: Compiler): Option {
  const required = new Set(readTexts(schema, "required", compiler));
  const members = membersOf(schema, required, compiler);
  const others = othersOf(schema, compiler);
  const other = others === false ? undefined : otherMember(members, others, compiler);
  const needs = members.flatMap(({ rule, isRequired }) => (isRequired ? [rule] : []));
  const filled = filledBody(members, other, compiler);
  const options = [...(needs.length === 0 ? ['"{}"'] : []), ...(filled === undefined ? [] : [filled])];
  return { body: options.join(" | "), needs };
}

interface Member {
  readonly name: string;
  /** GBNF for the name and the colon. */
  readonly key: string;
  readonly rule: string;
  readonly isRequired: boolean;
}

function membersOf(schema: Keywords, required: ReadonlySet<string>, compiler: Compiler): Member[] {
  const listed = isKeywords(schema["properties"]) ? schema["properties"] : {};
  const names = new Set([...Object.keys(listed), ...required]);
  return [...names].flatMap((name): Member[] => {
    const isListed = Object.hasOwn(listed, name);
    const value = (isListed ? listed[name] : (schema["additionalProperties"] ?? true)) as JsonSchema;
    const isRequired = required.has(name);
    if (value !== false)
      return [{ name, key: keyOf(name, schema, compiler), rule: compiler.ruleOf(value), isRequired }];
    if (isRequired)
      throw compiler.wrong(schema, `requires the property ${shown(name)}, which it does not allow.`);
    return [];
  });
}

function keyOf(name: string, schema: Keywords, compiler: Compiler): string {
  const text = compiler.syntax.writeKey(name);
  if (text !== undefined) return sequence(compiler.syntax.literal(text), compiler.syntax.afterColon);
  throw compiler.refuse(
    schema,
    "properties",
    `Rename the property ${shown(name)}: this model cannot write that name.`,
  );
}

function othersOf(schema: Keywords, compiler: Compiler): JsonSchema {
  const others = schema["additionalProperties"];
  if (others === undefined) return schema["properties"] === undefined;
  if (typeof others === "boolean" || isKeywords(others)) return others;
  throw compiler.wrong(schema, 'has an "additionalProperties" that is not a schema.');
}

function otherMember(members: readonly Member[], others: JsonSchema, compiler: Compiler): string {
  const key = otherKeysRule(
    members.map(({ name }) => name),
    compiler,
  );
  return compiler.book.add(sequence(key, compiler.ruleOf(others)));
}

/**
 * The members of an object that has some. One rule for each property, for what can be written once those before it are
 * decided: the property and what follows, or what follows without it. So the size grows with the number, not with the
 * choices.
 */
function filledBody(
  members: readonly Member[],
  other: string | undefined,
  compiler: Compiler,
): string | undefined {
  const { gap } = compiler.syntax;
  const comma = sequence('","', gap());
  let next =
    other === undefined ? undefined : sequence(other, `${compiler.book.add(sequence(comma, other))}*`);
  let isNeeded = false;
  for (const member of members.toReversed()) {
    const rest = next === undefined ? undefined : compiler.book.add(next);
    const after = rest === undefined ? "" : afterMember(sequence(comma, rest), isNeeded, compiler);
    const own = sequence(member.key, member.rule, after);
    next = member.isRequired || rest === undefined ? own : `${own} | ${rest}`;
    isNeeded ||= member.isRequired;
  }
  return next === undefined ? undefined : sequence('"{"', gap(), compiler.book.add(next), gap(), '"}"');
}

function afterMember(more: string, isNeeded: boolean, compiler: Compiler): string {
  return isNeeded ? more : `${compiler.book.add(more)}?`;
}

function shown(name: string): string {
  return JSON.stringify(name.length <= 60 ? name : `${name.slice(0, 60)}…`);
}
