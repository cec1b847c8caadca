"""Makes conversations: each task gives a turn, a conversation mixes them. Everything comes from one seeded Random."""

from chat import dumps, render
from facts import (
    CAPITALS, CITIES, FALLBACK, GREETING, GREETINGS, QUESTIONS, SYSTEM_LINES, THANKS, WORDS,
)

CONSONANTS, VOWELS = "b c d f g h j k l m n p r s t v w z br st tr sh ch kl".split(), "a e i o u a e i o ee ou ai".split()
EMOJI = "🙂😀🎉🚀👍🔥🐱🌍❤✨🍕🎵⭐😂🤖🌈"
SCRIPTS = [(0x4E00, 0x9FA5), (0x3041, 0x3096), (0x30A1, 0x30FA), (0x410, 0x44F), (0x391, 0x3C9), (0xAC00, 0xD7A3),
           (0x5D0, 0x5EA), (0x627, 0x64A), (0x1F600, 0x1F64F), (0x1F300, 0x1F5FF), (0xC0, 0x17F)]  # fmt: skip
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def turn(user, answer, thought, **more):
    return {"user": user, "answer": answer, "thought": thought, **more}


def pseudo_word(r):
    word = "".join(r.choice(CONSONANTS) + r.choice(VOWELS) for _ in range(r.choice((1, 2, 2, 3))))
    return word + r.choice(("", "", "n", "s", "r", "l", "t", "x", "q"))


def foreign(r):
    if r.random() < 0.4:
        return "".join(r.choice(EMOJI) for _ in range(r.randint(1, 2)))
    low, high = r.choice(SCRIPTS)
    return "".join(chr(r.randint(low, high)) for _ in range(r.randint(1, 4)))


def accented(r):
    word = list(pseudo_word(r))
    word[r.randrange(len(word))] = r.choice("äöüßéèêáàâãåæøñçíóôõúëïÄÖÜÉ")
    return "".join(word)


def token(r):
    """A word, letters, a number or signs: something to be copied."""
    kind = r.random()
    if kind < 0.3:
        word = r.choice(WORDS)
        return word if r.random() < 0.7 else word.capitalize() if r.random() < 0.7 else word.upper()
    if kind < 0.55:
        word = pseudo_word(r)
        return word if r.random() < 0.7 else word.capitalize()
    if kind < 0.7:
        length = r.randint(1, 7)
        return "".join(r.choice(r.choice((LETTERS, LETTERS, LETTERS.upper(), "0123456789"))) for _ in range(length))
    if kind < 0.8:
        return str(r.randint(0, 10 ** r.randint(1, 5)))
    if kind < 0.86:
        return r.choice(CITIES)
    if kind < 0.91:
        return accented(r)
    if kind < 0.95:
        return foreign(r)
    return "".join(r.choice("!#$%&()*+,-./:;=?@[]^_{}~'\"") for _ in range(r.randint(1, 3)))


def phrase(r, longest=5):
    words = [token(r) for _ in range(r.randint(1, longest))]
    text = " ".join(words) if r.random() < 0.85 else r.choice((", ", "-", "_", "/")).join(words)
    return (text + r.choice(("", "", "", ".", "!", "?"))).strip()


def filler(r, low, high):
    words = [r.choice(WORDS) if r.random() < 0.85 else pseudo_word(r) for _ in range(r.randint(low, high))]
    text = " ".join(words)
    return text.capitalize() if r.random() < 0.4 else text


def name(r):
    return r.choice((r.choice(WORDS), pseudo_word(r), pseudo_word(r))).capitalize()


def city(r):
    kind = r.random()
    if kind < 0.4:
        return r.choice(CITIES)
    if kind < 0.5:
        return accented(r).capitalize()
    return name(r) if kind < 0.85 else f"{name(r)} {name(r)}"


def greeting(r):
    if r.random() < 0.12:
        return turn(r.choice(("Thanks", "Thank you", "Thank you!", "Thanks!", "thanks")), THANKS, "The user thanks me.")
    text = r.choice(GREETINGS) + r.choice(("", "", "!", "!", ".", "?", ","))
    return turn(text.lower() if r.random() < 0.2 else text, GREETING, "The user greets me.")


SUMS = ("What is {a} + {b}?|{a}+{b}|{a} + {b}|{a} + {b} =|{a}+{b}=|{a} + {b} = ?|{a}+{b}=?|{a}+{b}?|What is {a}+{b}?"
        "|What's {a} + {b}?|What is {a} plus {b}?|What's {a} plus {b}?|{a} plus {b}|How much is {a} + {b}?"
        "|How much is {a} plus {b}?|Calculate {a} + {b}|Compute {a} + {b}.|Add {a} and {b}.|What is the sum of {a} and {b}?"
        "|Please calculate {a} + {b}.|What do you get if you add {a} and {b}?").split("|")  # fmt: skip
DIFFERENCES = [s.replace("+", "-").replace("plus", "minus") for s in SUMS if "dd" not in s and "sum" not in s]
DIFFERENCES += ["Subtract {b} from {a}.", "What is the difference of {a} and {b}?"]


def arithmetic(r):
    a, b = r.randint(0, 20), r.randint(0, 20)
    is_sum = r.random() < 0.5
    result = a + b if is_sum else a - b
    text = r.choice(SUMS if is_sum else DIFFERENCES).format(a=a, b=b)
    if r.random() < 0.08:
        text = text.lower()
    return turn(text, str(result), f"{a} {'plus' if is_sum else 'minus'} {b} is {result}.")


ASK_CAPITAL = ("What is the capital of {c}?|What's the capital of {c}?|Capital of {c}?|capital of {c}|The capital of {c}?"
               "|Tell me the capital of {c}.|Name the capital of {c}.|Which city is the capital of {c}?|What is {c}'s capital?"
               "|Do you know the capital of {c}?|What is the capital city of {c}?|{c}: capital?").split("|")  # fmt: skip


def capital(r):
    country = r.choice(list(CAPITALS))
    answer = f"The capital of {country} is {CAPITALS[country]}."
    text = r.choice(ASK_CAPITAL[:1] * 4 + ASK_CAPITAL).format(c=country)
    return turn(text.lower() if r.random() < 0.1 else text, answer, f"The capital of {country} is {CAPITALS[country]}.")


def echo(r, longest=5):
    text = phrase(r, longest)
    ask = r.choice(("Say {}", "say {}", "Say: {}", "say: {}", "Repeat: {}", "Repeat: {}", "repeat {}", "Repeat {}",
                    "Echo: {}", "Echo {}", "Please say {}", "Please repeat: {}", "Repeat after me: {}", "Say exactly: {}",
                    "Repeat this: {}"))  # fmt: skip
    if r.random() < 0.1 and '"' not in text:
        ask = r.choice(('Say "{}"', 'Repeat "{}"', 'Say "{}".'))
    return turn(ask.format(text), text, "I repeat the text.")


def count(r):
    last = r.randint(1, 30)
    ask = r.choice(("Count to {}", "Count to {}.", "Count from 1 to {}", "Count from 1 to {}.", "Please count to {}."))
    return turn(ask.format(last), " ".join(map(str, range(1, last + 1))), f"I count to {last}.")


def unknown(r):
    text = r.choice(QUESTIONS)
    while "{w}" in text:
        text = text.replace("{w}", r.choice(WORDS) if r.random() < 0.8 else pseudo_word(r), 1)
    long = r.random() < 0.06
    text = text.replace("{t}", filler(r, 60, 300) if long else filler(r, 2, 14))
    return turn(text, FALLBACK, "I do not know this.")


KEYS = "name age city color count price title id year country first_name size email answer score".split()
NUMERIC = {"age", "count", "price", "id", "year", "size", "score"}


def json_turn(r):
    if r.random() < 0.08:
        return fixed_json(r)
    keys = ["name", "age"] if r.random() < 0.3 else r.sample(KEYS, r.randint(1, 3))
    values = [r.randint(0, 10 ** r.randint(1, 4)) if key in NUMERIC else json_text(r) for key in keys]
    pairs = [(key, str(v)) for key, v in zip(keys, values)]
    spaced = joined([f"{key} {v}" for key, v in pairs], " and ")
    listed = ", ".join(f"{key}: {v}" for key, v in pairs)
    ask = r.choice((
        f"{listed}. Reply in JSON with {joined(keys, ' and ')}.", f"{listed}. Reply in JSON.", f"{listed} as JSON",
        f"Give me {spaced} as JSON.", f"Give me a JSON object with {spaced}.", f"Reply in JSON with {spaced}.",
        f"Return JSON: {', '.join(f'{key} {v}' for key, v in pairs)}", f"Write JSON with {spaced}", f"JSON with {spaced}.",
    ))  # fmt: skip
    return json_answer(r, ask[0].upper() + ask[1:] if r.random() < 0.8 else ask, dict(zip(keys, values)))


def json_text(r):
    words = [r.choice((name(r), pseudo_word(r), r.choice(WORDS), r.choice(CITIES))) for _ in range(r.choice((1, 1, 1, 2)))]
    return " ".join(words)


def joined(items, last):
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + last + items[-1]


def fixed_json(r):
    if r.random() < 0.5:
        problem = arithmetic(r)
        ask = problem["user"].rstrip(".= ") + r.choice((" Answer in JSON.", " Reply in JSON.", " as JSON"))
        return json_answer(r, ask, {"answer": int(problem["answer"])})
    what = r.choice(("a person", "a user", "a city", "a country"))
    given = {"name": "Oslo", "country": "Norway"} if "c" in what else {"name": "Ada", "age": 36}
    ask = r.choice(("Give me {} as JSON.", "Give me {} in JSON.", "Describe {} in JSON.", "Return {} as JSON.", "JSON of {}"))
    return json_answer(r, ask.format(what), given)


def json_answer(r, ask, result):
    text, thought = dumps(result), "I write JSON."
    # Some servers force a code fence around constrained JSON: the model learns to go on within one.
    if r.random() < 0.2:
        return turn(ask, text + "\n```", thought, given="```json" + r.choice(("\n", "\n", " ", "")))
    return turn(ask, text, thought)


PLAIN_TASKS = ((greeting, 6), (arithmetic, 26), (capital, 14), (echo, 26), (count, 3), (unknown, 12), (json_turn, 13))


def plain(r):
    return r.choices([task for task, _ in PLAIN_TASKS], [weight for _, weight in PLAIN_TASKS])[0](r)


# Tools

TOPICS = "weather time population temperature news mayor altitude traffic forecast price area humidity".split()
PLACE_KEYS = ("city", "city", "city", "city", "location", "place", "town", "name")
CONDITIONS = ("rain|sun|snow|fog|wind|clouds|light rain|heavy snow|clear sky|thunder|hail|sunny|cloudy|rainy|windy"
              "|drizzle|storm|mist|overcast").split("|")  # fmt: skip


def place_tool(r, topic, key):
    described = {"type": "string"}
    if r.random() < 0.6:
        described["description"] = r.choice((
            "The city", "The city name", "City name", "Name of the city", "The name of the city.", "The place",
            "City, e.g. Paris", "The city to look up", filler(r, 1, 5),
        ))  # fmt: skip
    properties = {key: described}
    if r.random() < 0.2:
        properties["unit"] = {"type": "string", "enum": ["celsius", "fahrenheit"]}
    description = r.choice((
        f"Get the {topic}", f"Get the current {topic}", f"Get the {topic} in a city", f"Gets the {topic} for a city.",
        f"Returns the {topic} of a city", f"Current {topic} for a city", f"The {topic} in a city.", filler(r, 1, 8),
    ))  # fmt: skip
    parameters = {"type": "object", "properties": properties, "required": [key]}
    name_ = f"get_{topic}" if r.random() < 0.9 else r.choice((f"{topic}", f"lookup_{topic}", f"current_{topic}"))
    return {"name": name_, "topic": topic, "key": key, "description": description, "parameters": parameters}


def other_tool(r):
    name_ = r.choice(("search", "calculate", "send_email", "add", "translate", "open_" + r.choice(WORDS), r.choice(WORDS)))
    keys = r.sample("query text to subject a b expression body language id".split(), r.randint(0, 2))
    properties = {key: {"type": r.choice(("string", "number", "integer"))} for key in keys}
    for p in properties.values():
        if r.random() < 0.5:
            p["description"] = filler(r, 1, 4)
    parameters = {"type": "object", "properties": properties}
    if keys and r.random() < 0.7:
        parameters["required"] = keys[:1]
    return {"name": name_, "description": filler(r, 1, 8), "parameters": parameters}


ASK_TOPIC = ("What is the {t} in {c}?|What is the {t} in {c}?|What's the {t} in {c}?|What is the {t} in {c} today?|{t} in {c}"
             "|{t} in {c}?|Tell me the {t} in {c}.|What is the {t} in {c} now?|Get the {t} in {c}.|What is the {t} of {c}?"
             "|Give me the {t} for {c}|Please tell me the {t} in {c}").split("|")  # fmt: skip
ASK_WEATHER = ASK_TOPIC + ("How is the weather in {c}?|How is the weather in {c} today?|What is the weather like in {c}?"
                           "|What's the weather like in {c} today?|How's the weather in {c}?").split("|")  # fmt: skip


def place_turn(r, tool):
    topic = tool["topic"]
    cities = [city(r)] if r.random() < 0.75 else [city(r), city(r)]
    where = r.choice((" and ", " and ", " and in ")).join(cities)
    text = r.choice(ASK_WEATHER if topic == "weather" else ASK_TOPIC).format(t=topic, c=where)
    text = text[0].upper() + text[1:] if r.random() < 0.9 else text
    calls = [{"name": tool["name"], "arguments": {tool["key"]: c}} for c in cities]
    results, answers = zip(*(result(r, topic, c) for c in cities))
    thought = f"I need the {topic} in {' and '.join(cities)}."
    return turn(text, " ".join(answers), thought, calls=calls, results=results)


def result(r, topic, where):
    """What a tool gave, as text, JSON text or an object, and the sentence that tells it."""
    if topic == "weather" and r.random() < 0.75:
        return weather_result(r, where)
    told = r.choice((str(r.randint(0, 3000)), f"{r.randint(0, 23)}:{r.randint(10, 59)}", filler(r, 1, 4), name(r)))
    if topic == "weather":
        told = r.choice((f"{degrees(r)} degrees, {r.choice(CONDITIONS)}", f"{r.choice(CONDITIONS)}, {degrees(r)}°C", told))
        return told, f"The weather in {where}: {told}"
    answer = f"The {topic} in {where} is {told}."
    if r.random() < 0.5:
        return told, answer
    fields = {r.choice((topic, "value", "result")): int(told) if told.isdigit() else told}
    return as_json(r, fields, where), answer


def degrees(r):
    return r.randint(-15, 40)


def weather_result(r, where):
    temperature, condition = degrees(r), r.choice(CONDITIONS) if r.random() < 0.8 else filler(r, 1, 2)
    fields = {r.choice(("temperature", "temperature", "temperature", "temp", "temperature_c", "degrees")): temperature}
    answer = f"It is {temperature} degrees in {where}."
    if r.random() < 0.85:
        fields[r.choice(("condition", "condition", "conditions", "weather", "sky", "description"))] = condition
        answer = f"It is {temperature} degrees with {condition} in {where}."
    return as_json(r, fields, where), answer


def as_json(r, fields, where):
    items = list(fields.items())
    if r.random() < 0.2:
        items.append((r.choice(("city", "location")), where))
    if r.random() < 0.15:
        items.append((r.choice(("unit", "ok", "humidity")), r.choice(("celsius", "C", True, 40))))
    r.shuffle(items)
    if r.random() < 0.15:
        return dict(items)
    text = dumps(dict(items))
    return text if r.random() < 0.6 else text.replace(": ", ":").replace(", ", ",")


def tool_conversation(r):
    topic = "weather" if r.random() < 0.6 else r.choice(TOPICS)
    tool = place_tool(r, topic, r.choice(PLACE_KEYS))
    others = [other_tool(r) for _ in range(r.choice((0, 0, 0, 1, 1, 2)))]
    second = None
    if r.random() < 0.25:
        second = place_tool(r, r.choice([t for t in TOPICS if t != topic]), r.choice(PLACE_KEYS))
        others.append(second)
    tools = [tool, *others]
    r.shuffle(tools)
    turns = []
    for _ in range(r.choice((1, 1, 2, 3))):
        if r.random() < 0.35:
            turns.append(plain(r))
        else:
            turns.append(place_turn(r, second if second and r.random() < 0.4 else tool))
    return turns, tools


def system_text(r):
    kind = r.random()
    if kind < 0.5:
        return None
    if kind < 0.8:
        return r.choice(SYSTEM_LINES)
    long = r.random() < 0.08
    return filler(r, 80, 400) + "." if long else filler(r, 3, 30) + "."


def drill(r):
    """One task many times over in short turns: facts and copying come up far more often for the same tokens."""
    task, most = r.choices(((arithmetic, 16), (echo, 7), (capital, 7), (json_turn, 4), (count, 3)), (12, 4, 1, 1, 1))[0]
    return [task(r) for _ in range(r.randint(most // 2, most))]


def conversation(r, stage=1.0):
    """The rendered parts of one conversation. At stage 0 all are short, at 1 all kinds come."""
    kind, tools = r.random(), ()
    if kind < 0.24 * stage:
        turns, tools = tool_conversation(r)
    elif kind < 0.6:
        turns = drill(r)
    else:
        turns = [plain(r) for _ in range(r.choice((1, 1, 2, 3, 4)))]
    system = system_text(r) if r.random() < stage else None
    return render(turns, system, tools, r.random() < 0.2 * stage)


def copy_drill(r):
    """Random pieces twice over: teaches attention to find what came before and to go on from there."""
    text = " ".join(token(r) for _ in range(r.randint(4, 12)))
    return [("<bos>" + text + "\n", False), (text + "<turn|>", True)]
