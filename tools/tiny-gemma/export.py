"""
Writes the trained model as GGUF: python export.py FOLDER[,FOLDER...] OUT.gguf [q8_0|f16]

Of several folders the weights are averaged: runs that go on from one another do better so than each alone.
"""

import json
import sys
from pathlib import Path

import gguf
import torch

from model import Shape
from tokenizer import BOS, END_OF_TURN, PAD, UNK, Tokenizer

HERE = Path(__file__).parent
TYPES = {
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
    "f16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
}


def write_gguf(folders, out, kind):
    checkpoints = [torch.load(folder / "model.pt") for folder in folders]
    weights = {name: sum(c["model"][name] for c in checkpoints) / len(folders) for name in checkpoints[0]["model"]}
    tokenizer = Tokenizer(json.loads((folders[0] / "merges.json").read_text()))
    partial = out.with_name(out.name + ".partial")
    writer = gguf.GGUFWriter(partial, "gemma3")
    add_description(writer, TYPES[kind][1])
    add_shape(writer, Shape(**checkpoints[0]["shape"]))
    add_tokenizer(writer, tokenizer)
    add_tensors(writer, weights, TYPES[kind][0])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    partial.rename(out)


def add_description(writer, file_type):
    writer.add_name("Muster Tiny Gemma")
    writer.add_author("The Muster authors")
    writer.add_description("A tiny test model: Gemma 3's network, Gemma 4's chat format. Trained on made-up data.")
    writer.add_license("apache-2.0")
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def add_shape(writer, shape):
    writer.add_context_length(shape.context_length)
    writer.add_embedding_length(shape.embedding)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_length)
    writer.add_value_length(shape.head_length)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)
    writer.add_sliding_window(shape.sliding_window)
    writer.add_rope_freq_base(shape.global_rope_base)
    writer.add_rope_freq_base_swa(shape.local_rope_base)


def add_tokenizer(writer, tokenizer):
    texts, scores, kinds = zip(*tokenizer.tokens)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(texts)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(END_OF_TURN)
    writer.add_eot_token_id(END_OF_TURN)
    writer.add_unk_token_id(UNK)
    writer.add_pad_token_id(PAD)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template((HERE / "chat-template.jinja").read_text())


def add_tensors(writer, weights, kind):
    for name, weight in weights.items():
        data = weight.float().numpy()
        if data.ndim == 1:
            writer.add_tensor(name, data)
        else:
            writer.add_tensor(name, gguf.quants.quantize(data, kind), raw_dtype=kind)


if __name__ == "__main__":
    write_gguf([Path(folder) for folder in sys.argv[1].split(",")], Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "q8_0")
