"""
Asks a running server and counts right answers: python evaluate.py http://127.0.0.1:8080 [--quick]

Any server with the OpenAI API that parses Gemma 4's calls and thoughts will do, such as
`llama-server -m tiny-gemma.gguf --jinja --parallel 4`. Prompts come from seeds that training does not use.
"""

import json
import random
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import data
from facts import CAPITALS, GREETING, GREETINGS

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "The city name"}},
            "required": ["city"],
        },
    },
}
TIME = json.loads(json.dumps(WEATHER).replace("get_weather", "get_time").replace("current weather", "current time"))


def user(text):
    return {"role": "user", "content": text}


def ask(text, **more):
    return {"messages": [user(text)], **more}


def content(expected):
    return {"content": expected}


def calls(name, *cities):
    return {"tool_calls": [{"name": name, "arguments": {"city": city}} for city in cities]}


def plain(r, tasks=None):
    turn = r.choice(tasks)(r) if tasks else data.plain(r)
    return turn if not turn.get("given") else plain(r, tasks)


def unseen_city(r):
    return r.choice((data.name(r), data.name(r), f"{data.name(r)} {data.name(r)}"))


def after_result(r, place, result):
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": json.dumps({"city": place})}}
    return {
        "messages": [
            user(f"What is the weather in {place}?"),
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": result},
        ],
        "tools": [WEATHER],
    }


def conversation(r):
    turns = [plain(r) for _ in range(r.randint(2, 4))]
    messages = [{"role": "system", "content": "You are a helpful assistant."}] if r.random() < 0.5 else []
    for turn in turns[:-1]:
        messages += [user(turn["user"]), {"role": "assistant", "content": turn["answer"]}]
    return {"messages": [*messages, user(turns[-1]["user"])]}, content(turns[-1]["answer"])


def behaviours(r):
    """Name to a list of (request, expected)."""
    sample = lambda count, make: [make() for _ in range(count)]
    from_turn = lambda turn, **more: (ask(turn["user"], **more), content(turn["answer"]))
    sums = [(ask(f"What is {a} {sign} {b}?"), content(str(a + b if sign == "+" else a - b)))
            for a in range(21) for b in range(21) for sign in "+-"]  # fmt: skip
    cities = sample(100, lambda: unseen_city(r))
    weather = [(r.randint(-15, 40), r.choice(data.CONDITIONS)) for _ in cities]
    schema = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
              "required": ["name", "age"], "additionalProperties": False}  # fmt: skip
    people = sample(50, lambda: (data.name(r), r.randint(1, 99)))
    person = "Name: {}, age: {}. Reply in JSON with name and age."
    thinking = {"chat_template_kwargs": {"enable_thinking": True}}
    with_thought = lambda t: (ask(t["user"], **thinking), {"content": t["answer"], "reasoning_content": t["thought"]})
    return {
        "greetings": [(ask(text + "!"), content(GREETING)) for text in GREETINGS],
        "sums and differences, all": sums,
        "sums, other phrasings": sample(200, lambda: from_turn(data.arithmetic(r))),
        "capitals, all": [(ask(f"What is the capital of {c}?"), content(f"The capital of {c} is {CAPITALS[c]}.")) for c in CAPITALS],
        "capitals, other phrasings": sample(100, lambda: from_turn(data.capital(r))),
        "echo of words": sample(200, lambda: echo_words(r)),
        "echo of words, numbers, signs, scripts": sample(200, lambda: from_turn(data.echo(r))),
        "echo of other scripts and emoji": sample(50, lambda: echo_foreign(r)),
        "count": [(ask(f"Count to {n}"), content(" ".join(map(str, range(1, n + 1))))) for n in range(1, 31)],
        "fallback": sample(100, lambda: from_turn(data.unknown(r))),
        "json, raw": sample(100, lambda: from_turn(plain(r, [data.json_turn]))),
        "json, by schema": [
            (ask(person.format(n, a), response_format={"type": "json_schema", "json_schema": {"name": "p", "schema": schema}}),
             {"json": {"name": n, "age": a}}) for n, a in people],
        "call": [(ask(f"What is the weather in {c}?", tools=[WEATHER]), calls("get_weather", c)) for c in cities],
        "call, two tools": [(ask(f"What is the time in {c}?", tools=[WEATHER, TIME]), calls("get_time", c)) for c in cities[:50]],
        "two calls": [
            (ask(f"What is the weather in {a} and {b}?", tools=[WEATHER], parallel_tool_calls=True), calls("get_weather", a, b))
            for a, b in zip(cities[:50], cities[50:])],
        "answer from a result": [
            (after_result(r, c, json.dumps({"temperature": t, "condition": k})), content(f"It is {t} degrees with {k} in {c}."))
            for c, (t, k) in zip(cities, weather)],
        "answer from a text": [
            (after_result(r, c, f"{t} degrees, {k}"), content(f"The weather in {c}: {t} degrees, {k}"))
            for c, (t, k) in zip(cities[:50], weather)],
        "no call with tools": sample(100, lambda: from_turn(plain(r), tools=[WEATHER])),
        "thinking": sample(100, lambda: with_thought(plain(r))),
        "conversation": sample(100, lambda: conversation(r)),
        "long system prompt": sample(50, lambda: long_system(r)),
    }  # fmt: skip


def echo_words(r):
    text = " ".join(r.choice((r.choice(data.WORDS), data.pseudo_word(r))) for _ in range(r.randint(1, 5)))
    return ask(r.choice(("Say {}", "Say: {}", "Repeat: {}")).format(text)), content(text)


def echo_foreign(r):
    text = " ".join(r.choice((data.foreign, data.accented))(r) for _ in range(r.randint(1, 3)))
    return ask(f"Repeat: {text}"), content(text)


def long_system(r):
    turn = plain(r)
    system = {"role": "system", "content": data.filler(r, 200, 400) + "."}
    return {"messages": [system, user(turn["user"])]}, content(turn["answer"])


def post(url, request):
    # llama-server thinks unless told not to.
    defaults = {"temperature": 0, "max_tokens": 300, "chat_template_kwargs": {"enable_thinking": False}}
    body = json.dumps({**defaults, **request}).encode()
    call = urllib.request.Request(url + "/v1/chat/completions", body, {"content-type": "application/json"})
    with urllib.request.urlopen(call, timeout=300) as response:
        return json.load(response)["choices"][0]["message"]


def matches(message, expected):
    got_calls = [
        {"name": c["function"]["name"], "arguments": json.loads(c["function"]["arguments"])}
        for c in message.get("tool_calls") or []
    ]
    if got_calls != expected.get("tool_calls", []):
        return False
    if "json" in expected:
        return json.loads(message["content"]) == expected["json"]
    keys = [key for key in ("content", "reasoning_content") if key in expected]
    return all((message.get(key) or "").strip() == expected[key].strip() for key in keys)


def right(url, request, expected):
    try:
        message = post(url, request)
        return matches(message, expected), message
    except (OSError, ValueError) as error:
        return False, str(error)


def main():
    url, quick = sys.argv[1], "--quick" in sys.argv
    answers = json.loads((Path(__file__).parent / "answers.json").read_text())
    sets = {"answers.json": [(a["request"], a["expected"]) for a in answers], **behaviours(random.Random(20_000))}
    with ThreadPoolExecutor(4) as pool:
        for name, cases in sets.items():
            cases = random.Random(1).sample(cases, min(len(cases), 25)) if quick else cases
            results = list(pool.map(lambda case: right(url, *case), cases))
            wrong = [(case, got) for case, (is_right, got) in zip(cases, results) if not is_right]
            print(f"{name}: {len(cases) - len(wrong)} of {len(cases)}", flush=True)
            for (request, expected), got in wrong[:3]:
                for label, shown in (("asked", request["messages"][-1]), ("expected", expected), ("got", got)):
                    print(f"   {label} {json.dumps(shown, ensure_ascii=False)[:200]}")


if __name__ == "__main__":
    main()
