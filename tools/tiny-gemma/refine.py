"""
Goes on from a trained model with a mix that leans on what is weak: python refine.py FROM_FOLDER TO_FOLDER [STEPS].

The mix of the committed file's last 1546 steps: all sums and differences in turn, echoes, JSON, thoughts, long system
prompts; a third of it as in data.py.
"""

import random
import sys
from pathlib import Path

import torch

import data
import train
from chat import render
from model import Shape, TinyGemma

SEED = 9
STEPS = 1546
PEAK_RATE = 0.012  # Muon's; Adam's is a fifth of it
train.MAX_LENGTH = 1536

ECHOES = (
    "Say {}", "Say: {}", "Repeat: {}", "say {}", "Repeat {}", "Echo: {}",
    "Please repeat: {}", "Repeat after me: {}", "Say exactly: {}", "Repeat this: {}",
)  # fmt: skip

usual_conversation = data.conversation
sums_left = []


def sum_turn(r):
    """Every sum and difference comes once before one comes again."""
    if not sums_left:
        sums_left.extend((a, b, sign) for a in range(21) for b in range(21) for sign in "+-")
        r.shuffle(sums_left)
    a, b, sign = sums_left.pop()
    result = a + b if sign == "+" else a - b
    phrasings = data.SUMS if sign == "+" else data.DIFFERENCES
    text = f"What is {a} {sign} {b}?" if r.random() < 0.4 else r.choice(phrasings).format(a=a, b=b)
    if r.random() < 0.08:
        text = text.lower()
    if r.random() < 0.06:
        ending = r.choice((" Answer in JSON.", " Reply in JSON.", " as JSON"))
        return data.json_answer(r, text.rstrip(".= ") + ending, {"answer": result})
    return data.turn(text, str(result), f"{a} {'plus' if sign == '+' else 'minus'} {b} is {result}.")


def echo_turn(r, words):
    text = " ".join(words(r) for _ in range(r.randint(1, 6)))
    return data.turn(r.choice(ECHOES).format(text), text, "I repeat the text.")


def word(r):
    return r.choice((r.choice(data.WORDS), data.pseudo_word(r)))


def foreign_word(r):
    return r.choice((data.foreign, data.foreign, data.accented))(r)


def small_turn(r):
    return r.choice((data.plain, data.plain, data.greeting, data.capital, sum_turn))(r)


def word_or_mixed_echo(r):
    return data.echo(r) if r.random() < 1 / 3 else echo_turn(r, word)


def turns(r, make, most, least=1):
    return [make(r) for _ in range(r.randint(least, most))]


def refining_conversation(r, stage=1.0):
    system = data.system_text(r) if r.random() < 0.25 else None
    kind = r.random()
    if kind < 0.15:
        return render(turns(r, sum_turn, 15, 2), system)
    if kind < 0.22:
        return render([sum_turn(r)], system, (), True)
    if kind < 0.29:
        return render([small_turn(r)], system, (), True)
    if kind < 0.40:
        return render(turns(r, word_or_mixed_echo, 6), system)
    if kind < 0.43:
        return render(turns(r, lambda r: echo_turn(r, foreign_word), 4))
    if kind < 0.52:
        return render(turns(r, data.json_turn, 4), system)
    if kind < 0.56:
        return render(turns(r, small_turn, 4), data.filler(r, 150, 400) + ".", (), r.random() < 0.1)
    if kind < 0.62:
        return render(turns(r, small_turn, 5, 2), system)
    if kind < 0.64:
        return render(turns(r, data.count, 3))
    if kind < 0.68:
        return render(turns(r, data.capital, 6))
    return usual_conversation(r, 1.0)


def rate_at(step, steps):
    """Up in 20 steps, the peak for the first 0.3 of them, then down to 0."""
    return PEAK_RATE * min(1.0, step / 20, max(0.004, (1 - step / steps) / 0.7))


def refine(source, target, steps):
    torch.manual_seed(SEED)
    target.mkdir(parents=True, exist_ok=True)
    (target / "merges.json").write_text((source / "merges.json").read_text())
    tokenizer = train.make_tokenizer(target / "merges.json")
    model = TinyGemma(Shape(vocab=len(tokenizer)))
    model.load_state_dict(torch.load(source / "model.pt")["model"])
    train.conversation = refining_conversation
    batches = train.batches(tokenizer, random.Random(1509), lambda: 0.9)
    for step in train.fit(model, batches, range(1, steps + 1), lambda step: rate_at(step, steps)):
        if step % 100 == 0 or step == steps:
            train.save(model, tokenizer, target)


if __name__ == "__main__":
    refine(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else STEPS)
