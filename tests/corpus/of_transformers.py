"""Models of transformers, from small configurations with random weights; nothing is fetched."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from corpus_entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor, nn

__all__ = ["entries"]

L, D, F, V, LAYERS = 10, 32, 64, 100, 2  # tokens, features, features within, words, layers
TEXT = {
    "vocab_size": V,
    "hidden_size": D,
    "intermediate_size": F,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}
VISION = {
    "image_size": 32,
    "patch_size": 8,
    "hidden_size": D,
    "intermediate_size": F,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
}


def blocks(tokens: int, *, key_value: int = D, products: int = 2) -> int:
    """Mult-adds of all layers: projections, scores and their use, two or three products behind."""
    projections = tokens * D * (2 * D + 2 * key_value)
    return LAYERS * (projections + 2 * tokens**2 * D + products * tokens * D * F)


BERT, HEAD = blocks(L) + D * D, L * D * V
GROUPED = blocks(L, key_value=D // 2, products=3) + HEAD
ROUTED = LAYERS * (L * D * (2 * D + D) + 2 * L**2 * D + L * D * 4 + 2 * L * 3 * D * F) + HEAD
SCAN = (
    L * D * (4 * D) + L * 2 * D * D + 2 * D * 4 * (L + 3) + 2 * D * L * (10 + 2 + 4)
)  # 4 states, rank 2
DECODER = blocks(L) + LAYERS * (4 * L * D * D + 2 * L**2 * D)  # and attention to the encoder
PATCHES = 16  # of 8 x 8 pixels in 32 x 32
VIT = blocks(PATCHES + 1) + PATCHES * D * 3 * 64

# Model class, configuration class, what the configuration is told, the input, mult-adds by hand.
MODELS: list[tuple[str, str, dict[str, Any], str, int | None]] = [
    ("BertModel", "BertConfig", TEXT, "ids", BERT),
    ("RobertaModel", "RobertaConfig", TEXT, "ids", BERT),
    ("AlbertModel", "AlbertConfig", {**TEXT, "embedding_size": 16}, "ids", BERT + L * 16 * D),
    (
        "DistilBertModel",
        "DistilBertConfig",
        {"vocab_size": V, "dim": D, "hidden_dim": F, "n_layers": LAYERS, "n_heads": 4},
        "ids",
        blocks(L),
    ),
    ("ElectraModel", "ElectraConfig", {**TEXT, "embedding_size": D}, "ids", blocks(L)),
    (
        "GPT2LMHeadModel",
        "GPT2Config",
        {
            "vocab_size": V,
            "n_embd": D,
            "n_inner": F,
            "n_layer": LAYERS,
            "n_head": 4,
            "n_positions": 64,
        },
        "ids",
        blocks(L) + HEAD,
    ),
    (
        "OPTForCausalLM",
        "OPTConfig",
        {**TEXT, "ffn_dim": F, "word_embed_proj_dim": D},
        "ids",
        blocks(L) + HEAD,
    ),
    ("GPTNeoXForCausalLM", "GPTNeoXConfig", TEXT, "ids", blocks(L) + HEAD),
    ("LlamaForCausalLM", "LlamaConfig", {**TEXT, "num_key_value_heads": 2}, "ids", GROUPED),
    ("MistralForCausalLM", "MistralConfig", {**TEXT, "num_key_value_heads": 2}, "ids", GROUPED),
    ("Qwen2ForCausalLM", "Qwen2Config", {**TEXT, "num_key_value_heads": 2}, "ids", GROUPED),
    (
        "GemmaForCausalLM",
        "GemmaConfig",
        {**TEXT, "num_key_value_heads": 2, "head_dim": 8},
        "ids",
        GROUPED,
    ),
    (
        "MixtralForCausalLM",
        "MixtralConfig",
        {**TEXT, "num_key_value_heads": 2, "num_local_experts": 4},
        "ids",
        ROUTED,
    ),
    (
        "MambaForCausalLM",
        "MambaConfig",
        {"vocab_size": V, "hidden_size": D, "num_hidden_layers": LAYERS, "state_size": 4},
        "ids",
        LAYERS * SCAN + HEAD,
    ),
    (
        "T5EncoderModel",
        "T5Config",
        {"vocab_size": V, "d_model": D, "d_kv": 8, "d_ff": F, "num_layers": LAYERS, "num_heads": 4},
        "ids",
        blocks(L),
    ),
    (
        "BartModel",
        "BartConfig",
        {
            "vocab_size": V,
            "d_model": D,
            "encoder_layers": 2,
            "decoder_layers": 2,
            "encoder_ffn_dim": F,
            "decoder_ffn_dim": F,
            "encoder_attention_heads": 4,
            "decoder_attention_heads": 4,
            "pad_token_id": 0,
        },
        "ids",
        blocks(L) + DECODER,
    ),
    ("ViTModel", "ViTConfig", VISION, "image", VIT + D * D),
    (
        "DeiTModel",
        "DeiTConfig",
        VISION,
        "image",
        blocks(PATCHES + 2) + PATCHES * D * 3 * 64 + D * D,
    ),
    ("CLIPVisionModel", "CLIPVisionConfig", VISION, "image", VIT),
    ("Dinov2Model", "Dinov2Config", {**VISION, "mlp_ratio": 2}, "image", VIT),
    (
        "SwinModel",
        "SwinConfig",
        {
            "image_size": 32,
            "patch_size": 2,
            "embed_dim": 16,
            "depths": [2, 2],
            "num_heads": [2, 4],
            "window_size": 4,
        },
        "image",
        None,
    ),
    (
        "ConvNextModel",
        "ConvNextConfig",
        {"hidden_sizes": [16, 32], "depths": [1, 1], "num_stages": 2},
        "image",
        None,
    ),
    (
        "ResNetModel",
        "ResNetConfig",
        {"embedding_size": 16, "hidden_sizes": [16, 32], "depths": [1, 1]},
        "image",
        None,
    ),
    (
        "SegformerModel",
        "SegformerConfig",
        {
            "num_encoder_blocks": 2,
            "depths": [1, 1],
            "sr_ratios": [4, 2],
            "hidden_sizes": [16, 32],
            "num_attention_heads": [1, 2],
            "patch_sizes": [7, 3],
            "strides": [4, 2],
            "mlp_ratios": [2, 2],
        },
        "image",
        None,
    ),
    (
        "MobileViTModel",
        "MobileViTConfig",
        {
            "image_size": 32,
            "hidden_sizes": [16, 24, 32],
            "neck_hidden_sizes": [8, 8, 16, 16, 24, 32, 40],
        },
        "image",
        None,
    ),
    (
        "Wav2Vec2Model",
        "Wav2Vec2Config",
        {
            **TEXT,
            "conv_dim": [16, 16],
            "conv_stride": [5, 2],
            "conv_kernel": [10, 3],
            "num_feat_extract_layers": 2,
            "num_conv_pos_embeddings": 4,
            "num_conv_pos_embedding_groups": 2,
        },
        "audio",
        None,
    ),
]


def entries() -> Iterator[Entry]:
    """All of them."""
    for model, config, told, kind, by_hand in MODELS:
        yield Entry(
            model, "transformers", partial(build, model, config, told), INPUTS[kind], by_hand
        )


def build(model: str, config: str, told: dict[str, Any]) -> nn.Module:
    """One of them."""
    import transformers

    made: nn.Module = getattr(transformers, model)(getattr(transformers, config)(**told))
    return made


def ids() -> Tensor:
    """Two sentences."""
    return torch.randint(1, V, (2, L))


INPUTS = {
    "ids": ids,
    "image": partial(torch.rand, 2, 3, 32, 32),
    "audio": partial(torch.rand, 2, 400),
}
