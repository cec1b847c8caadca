"""Gemma 3's network as llama.cpp computes it. Norm weights are stored as they multiply, without the `1 +`."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Shape:
    vocab: int
    embedding: int = 128
    layers: int = 6  # the sixth attends to everything, the others to a sliding window
    heads: int = 4
    kv_heads: int = 2
    head_length: int = 32
    feed_forward: int = 384
    context_length: int = 4096
    sliding_window: int = 512
    local_rope_base: float = 10_000.0
    global_rope_base: float = 1_000_000.0
    norm_epsilon: float = 1e-6

    def is_local(self, layer):
        return layer % 6 < 5


class RmsNorm(nn.Module):
    def __init__(self, length, epsilon, scale=1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.full((length,), scale))
        self.epsilon = epsilon

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, self.epsilon)


def rope(x, base):
    """Rotates the two halves of each head against each other (NeoX order)."""
    length, half = x.shape[-2], x.shape[-1] // 2
    rate = base ** (-torch.arange(half) / half)
    angle = torch.arange(length)[:, None] * rate
    cos, sin = angle.cos(), angle.sin()
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)


class Layer(nn.Module):
    def __init__(self, shape, index):
        super().__init__()
        self.shape = shape
        self.local = shape.is_local(index)
        self.base = shape.local_rope_base if self.local else shape.global_rope_base
        d, h = shape.embedding, shape.head_length
        norm = lambda length, scale=1.0: RmsNorm(length, shape.norm_epsilon, scale)
        linear = lambda columns, rows: nn.Linear(columns, rows, bias=False)
        self.attn_norm, self.post_attention_norm = norm(d), norm(d, 0.5)
        self.ffn_norm, self.post_ffw_norm = norm(d), norm(d, 0.5)
        self.attn_q_norm, self.attn_k_norm = norm(h, 1.5), norm(h, 1.5)
        self.attn_q = linear(d, shape.heads * h)
        self.attn_k = linear(d, shape.kv_heads * h)
        self.attn_v = linear(d, shape.kv_heads * h)
        self.attn_output = linear(shape.heads * h, d)
        self.ffn_gate, self.ffn_up = linear(d, shape.feed_forward), linear(d, shape.feed_forward)
        self.ffn_down = linear(shape.feed_forward, d)

    def forward(self, x):
        x = x + self.post_attention_norm(self.attend(self.attn_norm(x)))
        y = self.ffn_norm(x)
        y = self.ffn_down(F.gelu(self.ffn_gate(y), approximate="tanh") * self.ffn_up(y))
        return x + self.post_ffw_norm(y)

    def attend(self, x):
        batch, length, _ = x.shape
        split = lambda y, heads: y.view(batch, length, heads, -1).transpose(1, 2)
        q = rope(self.attn_q_norm(split(self.attn_q(x), self.shape.heads)), self.base)
        k = rope(self.attn_k_norm(split(self.attn_k(x), self.shape.kv_heads)), self.base)
        v = split(self.attn_v(x), self.shape.kv_heads)
        group = self.shape.heads // self.shape.kv_heads
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        if self.local and length > self.shape.sliding_window:
            age = torch.arange(length)[:, None] - torch.arange(length)
            mask = (age >= 0) & (age < self.shape.sliding_window)
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        else:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.attn_output(y.transpose(1, 2).reshape(batch, length, -1))


class TinyGemma(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocab, shape.embedding)
        self.blk = nn.ModuleList(Layer(shape, index) for index in range(shape.layers))
        self.output_norm = RmsNorm(shape.embedding, shape.norm_epsilon)
        for parameter in self.parameters():
            if parameter.ndim == 2:
                nn.init.normal_(parameter, std=1 / math.sqrt(parameter.shape[1]))

    def forward(self, tokens, at=None):
        """Logits for each position, or only for the flat positions `at`."""
        x = self.token_embd(tokens) * math.sqrt(self.shape.embedding)
        for layer in self.blk:
            x = layer(x)
        x = self.output_norm(x)
        if at is not None:
            x = x.flatten(0, 1)[at]
        return x @ self.token_embd.weight.T
