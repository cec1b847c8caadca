import { describe, expect, it } from "vitest";
import { compileChatTemplate } from "./chat-template.ts";
import { templateLimits } from "./template-sandbox.ts";

const messages = [{ role: "user", content: "hello" }];
const tokens = { bosText: "<bos>", eosText: "<eos>" };

const endless: readonly (readonly [string, string])[] = [
  [
    "loops in loops",
    "{% for i in range(200000) %}{% for j in range(200000) %}{{ i }}{% endfor %}{% endfor %}",
  ],
  [
    "empty loops in loops",
    "{% for i in range(200000) %}{% for j in range(200000) %}{% endfor %}{% endfor %}",
  ],
  [
    "text that doubles",
    "{% set n = namespace(x='a') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}",
  ],
  [
    "lists that double",
    "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
  ],
  [
    "lists in lists, written out",
    "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x | tojson }}",
  ],
  ["a macro that calls itself", "{% macro a(f) %}{{ f(f) }}{% endmacro %}{{ a(a) }}"],
  ["a range without end", "{{ range(9007199254740991) }}"],
  ["an indent without end", "{{ {'a': 1} | tojson(indent=500000000) }}"],
];

/** What opened other engines: each must come to nothing, and say nothing of this machine. */
const payloads: readonly string[] = [
  "{{ ''.__class__.__mro__[1].__subclasses__() }}",
  "{{ ''.constructor.constructor('return process')().pid }}",
  "{{ [].constructor }}{{ {}.constructor }}{{ (1).constructor }}",
  "{{ messages.constructor.constructor('return 7')() }}",
  "{{ messages[0].__proto__.constructor }}",
  "{{ messages['__proto__']['constructor'] }}",
  "{{ range.constructor('return process.env')() }}",
  "{{ range.__globals__.os.popen('id').read() }}",
  "{{ raise_exception.constructor('return 7')() }}",
  "{{ namespace.__init__.__globals__ }}",
  "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
  "{{ lipsum.__globals__['os'].popen('id').read() }}",
  "{{ self._TemplateReference__context }}",
  "{{ config.items() }}{{ request.application }}",
  "{{ process.env }}{{ globalThis }}{{ require('fs') }}",
  "{% include '/etc/passwd' %}",
  "{% import 'os' as os %}{{ os.popen('id').read() }}",
  "{% extends '/etc/passwd' %}",
  "{{ strftime_now.constructor('return process')() }}",
  "{{ ''|attr('__class__') }}{{ messages|attr('constructor') }}",
  "{{ messages | map(attribute='constructor.constructor') | list }}",
  "{{ messages | selectattr('__proto__') | list }}",
  "{{ {'a': 1}.get.constructor('return process')() }}",
  "{{ bos_token.replace.constructor('return 7')() }}",
];

describe("a template", () => {
  it.each(endless)("that makes %s is ended in time", (_what, template) => {
    const startedMs = performance.now();
    expect(() => compileChatTemplate(template, tokens).render({ messages })).toThrow(
      expect.objectContaining({ code: "engine_failed" }),
    );
    expect(performance.now() - startedMs).toBeLessThan(templateLimits.deadlineMs + 4_000);
  });

  it("that is too long is not even read", () => {
    const source = `{# ${"x".repeat(templateLimits.sourceLength)} #}`;
    expect(() => compileChatTemplate(source, tokens)).toThrow("is longer than");
  });

  it.each(payloads)("reaches nothing by %s", (payload) => {
    let text: string;
    try {
      text = compileChatTemplate(payload, tokens).render({ messages });
    } catch (error) {
      text = String(error);
    }
    expect(text).not.toMatch(/uid=|root:|native code|\[object|=>|\bPATH=|subclass '|\/bin/);
    expect(text).not.toContain(String(process.pid));
    expect(text).not.toMatch(/^7$/);
  });

  it("may count, date and raise as templates do", () => {
    const render = (source: string) => compileChatTemplate(source, tokens).render({ messages });
    expect(render("{{ range(3) | join }} {{ range(1, 8, 3) | join }} {{ range(3, 0, -1) | join }}")).toBe(
      "012 147 321",
    );
    expect(render("{{ strftime_now('%Y-%m-%d') }}")).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(() => render("{{ raise_exception('no such role') }}")).toThrow("no such role");
    expect(render("{% for m in messages %}{{ loop.index }}{{ m.content }}{{ bos_token }}{% endfor %}")).toBe(
      "1hello<bos>",
    );
  });
});
