"""The vocabulary and a SentencePiece-style encoder that gives the same tokens as llama.cpp's `llama` tokenizer."""

import re
from collections import Counter
from functools import lru_cache

SPACE = "\u2581"
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6

MARKS = [
    "<pad>", "<eos>", "<bos>", "<unk>", "<|turn>", "<turn|>", "<|think|>", "<|channel>", "<channel|>",
    "<|tool>", "<tool|>", "<|tool_call>", "<tool_call|>", "<|tool_response>", "<tool_response|>", '<|"|>',
]
# Gemma 4's files have these always shown, so that whoever parses the text sees them.
VISIBLE_MARKS = {
    "<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>", "<|tool_response>", "<tool_response|>", '<|"|>',
}
PAD, EOS, BOS, UNK, TURN, END_OF_TURN = range(6)
CHARACTERS = [chr(code) for code in range(0x21, 0x7F)] + ["\n"] + list("äöüßéèêáàâãåæøñçíóôõúëïÄÖÜÉ°€’–…¿¡")
TENS = [str(number) for number in range(10, 41)]

# Merged pieces are runs of letters with at most one space before them, so words can be encoded one by one.
WORD = re.compile(SPACE + r"?[^\W\d_]+|[0-9]+|.", re.S)
SPLIT_MARKS = re.compile("(" + "|".join(re.escape(mark) for mark in MARKS) + ")")


def learn_merges(texts, count):
    """Byte-pair merges over words: the `count` most frequent pairs, best first."""
    words = Counter()
    for text in texts:
        for part in SPLIT_MARKS.split(text):
            if part in MARKS:
                continue
            words.update(w for w in WORD.findall(part.replace(" ", SPACE)) if w.lstrip(SPACE).isalpha())
    known = set(CHARACTERS) | {SPACE}
    spelled = {word: list(word) for word in words if set(word) <= known}
    merges = []
    while len(merges) < count:
        pairs = Counter()
        for word, parts in spelled.items():
            for pair in zip(parts, parts[1:]):
                pairs[pair] += words[word]
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append("".join(best))
        for word, parts in spelled.items():
            spelled[word] = merge_pair(parts, best)
    return list(dict.fromkeys(merges))


def merge_pair(parts, pair):
    merged, at = [], 0
    while at < len(parts):
        if tuple(parts[at : at + 2]) == pair:
            merged.append(parts[at] + parts[at + 1])
            at += 2
        else:
            merged.append(parts[at])
            at += 1
    return merged


def mark_kind(mark):
    if mark == "<unk>":
        return UNKNOWN
    return USER_DEFINED if mark in VISIBLE_MARKS else CONTROL


class Tokenizer:
    def __init__(self, merges):
        self.tokens = [(mark, 0.0, mark_kind(mark)) for mark in MARKS]
        self.tokens += [(f"<0x{byte:02X}>", 0.0, BYTE) for byte in range(256)]
        self.first_byte = len(MARKS)
        for rank, piece in enumerate([*TENS, *merges, SPACE, *CHARACTERS]):
            self.tokens.append((piece, float(-1 - rank), NORMAL))
        # Multiples of 32 keep the rows of the output matrix aligned.
        while len(self.tokens) % 32:
            self.tokens.append((f"<unused{len(self.tokens)}>", 0.0, CONTROL))
        self.ids = {text: index for index, (text, _, _) in enumerate(self.tokens)}
        self.score = {text: score for text, score, kind in self.tokens if kind == NORMAL}
        self.encode_word = lru_cache(maxsize=100_000)(self._encode_word)

    def __len__(self):
        return len(self.tokens)

    def _encode_word(self, word):
        parts = list(word)
        while len(parts) > 1:
            scored = [(self.score.get(a + b), at) for at, (a, b) in enumerate(zip(parts, parts[1:]))]
            scored = [(-score, at) for score, at in scored if score is not None]
            if not scored:
                break
            at = min(scored)[1]
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        ids = []
        for part in parts:
            if part in self.score:
                ids.append(self.ids[part])
            else:
                ids += [self.first_byte + byte for byte in part.encode()]
        return tuple(ids)

    def encode(self, text, marks=True):
        """Token ids; with `marks`, the text of a special mark becomes its token."""
        ids = []
        for part in SPLIT_MARKS.split(text) if marks else [text]:
            if marks and part in MARKS:
                ids.append(self.ids[part])
                continue
            for word in WORD.findall(part.replace(" ", SPACE)):
                ids += self.encode_word(word)
        return ids

    def decode(self, ids):
        out = bytearray()
        for index in ids:
            text, _, kind = self.tokens[index]
            if kind == BYTE:
                out.append(index - self.first_byte)
            else:
                out += text.replace(SPACE, " ").encode()
        return out.decode(errors="replace")
