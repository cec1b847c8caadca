"""Renders conversations as the chat template does, and tells which parts the model is to learn."""

import json

STRING = '<|"|>'
EMPTY_THOUGHT = "<|channel>thought\n<channel|>"


def value(v, quoted=False):
    if isinstance(v, str):
        return STRING + v + STRING
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, dict):
        key = (lambda k: STRING + k + STRING) if quoted else (lambda k: k)
        return "{" + ",".join(f"{key(k)}:{value(v[k], quoted)}" for k in sorted(v, key=str.lower)) + "}"
    if isinstance(v, list):
        return "[" + ",".join(value(item, quoted) for item in v) + "]"
    return str(v)


def declaration(function):
    """A tool of flat parameters, which is all that the training data holds."""
    parameters, properties = function["parameters"], []
    for name in sorted(parameters["properties"], key=str.lower):
        p = parameters["properties"][name]
        parts = [f"description:{value(p['description'])}"] if p.get("description") else []
        parts += [f"enum:{value(p['enum'], True)}"] if p.get("enum") else []
        properties.append(f"{name}:{{{','.join([*parts, 'type:' + value(p['type'].upper())])}}}")
    parts = [f"properties:{{{','.join(properties)}}}"] if properties else []
    parts += [f"required:{value(parameters['required'])}"] if parameters.get("required") else []
    body = ",".join([*parts, f"type:{value('OBJECT')}"])
    return f"<|tool>declaration:{function['name']}{{description:{value(function['description'])},parameters:{{{body}}}}}<tool|>"


def call_text(call):
    return f"<|tool_call>call:{call['name']}{value(call['arguments'])}<tool_call|>"


def response_text(name, content):
    body = value(content) if isinstance(content, dict) else "{value:" + value(content) + "}"
    return f"<|tool_response>response:{name}{body}<tool_response|>"


def render(turns, system=None, tools=(), thinking=False):
    """
    A list of (text, learn). A turn is a dict: user, answer, and with tools also calls and results; with thinking
    also thought. Thoughts are shown for the last turn only, as the template drops earlier ones.
    """
    parts = [("<bos>", False)]
    if thinking or tools or system is not None:
        head = ("<|think|>\n" if thinking else "") + (system or "").strip()
        tool_text = "".join(declaration(tool) for tool in tools)
        parts.append((f"<|turn>system\n{head}{tool_text}<turn|>\n", False))
    for turn in turns:
        is_last = turn is turns[-1]
        parts.append((f"<|turn>user\n{turn['user'].strip()}<turn|>\n<|turn>model\n", False))
        if is_last and thinking:
            parts.append((f"<|channel>thought\n{turn['thought']}\n<channel|>", True))
        elif is_last:
            parts.append((EMPTY_THOUGHT, False))
        # With thinking on an earlier turn lacks its thought, so how it starts teaches nothing.
        learn = is_last or not thinking
        if turn.get("calls"):
            parts.append(("".join(call_text(call) for call in turn["calls"]) + "<|tool_response>", learn))
            # The mark that opens the first result is how the model ends its turn, so it is learnt; the rest is not.
            results = "".join(response_text(c["name"], r) for c, r in zip(turn["calls"], turn["results"]))
            parts.append((results.removeprefix("<|tool_response>"), False))
        if turn.get("given"):
            parts.append((turn["given"], False))
        parts.append((turn["answer"] + "<turn|>", learn))
        parts.append(("\n", False))
    return parts


def dumps(v):
    return json.dumps(v, ensure_ascii=False)
