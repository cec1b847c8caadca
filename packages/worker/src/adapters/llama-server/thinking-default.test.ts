import { expect, test } from "vitest";
import { isQuietByDefault } from "./thinking-default.ts";

test.each([
  ["thinks only when told to", "{% if enable_thinking %}<|think|>{% endif %}", true],
  [
    "thinks unless told not to",
    "{% if enable_thinking is defined and enable_thinking is false %}<think></think>{% endif %}",
    false,
  ],
  ["knows no thoughts", "{{ messages[0].content }}", false],
  ["cannot be read", "{% if %}", false],
])("a template that %s", (_name, template, expected) => {
  expect(isQuietByDefault(template)).toBe(expected);
});
