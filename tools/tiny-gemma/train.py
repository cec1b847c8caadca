"""
Trains the model: python train.py FOLDER [STEPS [FIRST_STEP]]. The folder gets model.pt and merges.json.

With FIRST_STEP it goes on from the folder's model.pt as if that many steps were done.
"""

import json
import os
import random
import sys
import time
from pathlib import Path

# Threads that wait without spinning: on a shared machine spinning costs nine tenths of the speed.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

import torch
import torch.nn.functional as F

from data import conversation, copy_drill
from model import Shape, TinyGemma
from tokenizer import PAD, Tokenizer, learn_merges

SEED = 7
MERGES = 300
STEPS = 2000
BATCH_TOKENS = 3072
MAX_LENGTH = 1024
PEAK_RATE = 0.02  # Muon's; Adam's is a fifth of it


def make_tokenizer(cache):
    """Learning the merges takes a minute, so they are kept."""
    if not cache.exists():
        r = random.Random(SEED)
        texts = ["".join(text for text, _ in conversation(r)) for _ in range(6000)]
        cache.write_text(json.dumps(learn_merges(texts, MERGES), ensure_ascii=False))
    return Tokenizer(json.loads(cache.read_text()))


def encode(tokenizer, parts):
    ids, learn = [], []
    for text, is_target in parts:
        part = tokenizer.encode(text)
        ids += part
        learn += [is_target] * len(part)
    return ids, learn


def batches(tokenizer, r, progress):
    """Endless batches of conversations of like length, so that little is padding."""
    pool = []
    while True:
        while len(pool) < 512:
            stage = min(1.0, progress() * 8)
            make = copy_drill if r.random() < 0.3 * (1 - stage) + 0.03 else lambda r: conversation(r, stage)
            ids, learn = encode(tokenizer, make(r))
            if len(ids) <= MAX_LENGTH:
                pool.append((ids, learn))
        pool.sort(key=lambda item: len(item[0]))
        start = r.randrange(len(pool))
        end = start
        while end < len(pool) and (end - start + 1) * len(pool[end][0]) <= BATCH_TOKENS:
            end += 1
        end = max(end, start + 1)
        chosen, pool = pool[start:end], pool[:start] + pool[end:]
        yield collate(chosen)


def collate(items):
    length = max(len(ids) for ids, _ in items)
    tokens = torch.full((len(items), length), PAD)
    learn = torch.zeros(len(items), length, dtype=torch.bool)
    for row, (ids, mask) in enumerate(items):
        tokens[row, : len(ids)] = torch.tensor(ids)
        learn[row, : len(ids)] = torch.tensor(mask)
    at = learn[:, 1:].flatten().nonzero()[:, 0]
    return tokens[:, :-1], tokens[:, 1:].flatten()[at], at


class Muon(torch.optim.Optimizer):
    """Momentum whose update is made orthogonal by Newton-Schulz steps (Jordan et al., 2024)."""

    def __init__(self, parameters, lr):
        super().__init__(parameters, {"lr": lr, "momentum": 0.95, "decay": 0.02})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                velocity = self.state[p].setdefault("velocity", torch.zeros_like(p))
                velocity.lerp_(p.grad, 1 - group["momentum"])
                update = orthogonalise(p.grad.lerp(velocity, group["momentum"]))
                p.mul_(1 - group["lr"] * group["decay"])
                p.add_(update, alpha=-group["lr"] * max(1, p.shape[0] / p.shape[1]) ** 0.5)


def orthogonalise(m):
    x = m.T if m.shape[0] > m.shape[1] else m
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.775 * a + 2.0315 * a @ a) @ x
    return x.T if m.shape[0] > m.shape[1] else x


def rate_at(progress):
    warm = min(1.0, progress / 0.01)
    return PEAK_RATE * warm * (1.0 if progress < 0.4 else max(0.01, (1 - progress) / 0.6))


def train(out, steps, first_step=0):
    torch.manual_seed(SEED)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = make_tokenizer(out / "merges.json")
    model = TinyGemma(Shape(vocab=len(tokenizer)))
    if first_step > 0:
        model.load_state_dict(torch.load(out / "model.pt")["model"])
    print(f"vocabulary {len(tokenizer)}, parameters {sum(p.numel() for p in model.parameters())}", flush=True)
    done = [first_step / steps]
    source = batches(tokenizer, random.Random(SEED + 1 + first_step), lambda: done[0])
    for step in fit(model, source, range(first_step + 1, steps + 1), lambda step: rate_at(step / steps)):
        done[0] = step / steps
        if step % 100 == 0 or step == steps:
            save(model, tokenizer, out)


def fit(model, source, steps, rate_of):
    """Gives each step's number when it is done."""
    torch.set_num_threads(2)
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embd" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim != 2 or "embd" in name]
    muon = Muon(matrices, PEAK_RATE)
    adam = torch.optim.Adam(others, betas=(0.9, 0.98))
    seen, recent, began = 0, [], time.time()
    for step in steps:
        inputs, targets, at = next(source)
        rate = rate_of(step)
        muon.param_groups[0]["lr"], adam.param_groups[0]["lr"] = rate, rate / 5
        loss = F.cross_entropy(model(inputs, at), targets)
        muon.zero_grad()
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        muon.step()
        adam.step()
        seen += inputs.numel()
        recent.append(loss.item())
        if step % 25 == 0:
            elapsed = time.time() - began
            mean = sum(recent) / len(recent)
            print(f"{step} {elapsed:.0f}s {seen} tokens {seen / elapsed:.0f}/s loss {mean:.4f} rate {rate:.4f}", flush=True)
            recent = []
        yield step


def save(model, tokenizer, out):
    partial = out / "model.partial"
    torch.save({"model": model.state_dict(), "shape": vars(model.shape), "tokens": tokenizer.tokens}, partial)
    partial.rename(out / "model.pt")


if __name__ == "__main__":
    train(Path(sys.argv[1]), *(map(int, sys.argv[2:4]) if len(sys.argv) > 2 else [STEPS]))
