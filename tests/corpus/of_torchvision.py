"""Models of torchvision, at the size of their published figures.

Their mult-adds and parameters stand with their weights, as ``_ops`` and ``num_params``; no weights
are fetched.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from corpus_entry import Entry, Published

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn

__all__ = ["entries"]

IMAGE = (3, 224, 224)
CLIP = (3, 16, 112, 112)
# Name, its input, and what its builder is told so that it has the published parameters.
MODELS: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "alexnet": (IMAGE, {}),
    "vgg11": (IMAGE, {}),
    "vgg16_bn": (IMAGE, {}),
    "resnet18": (IMAGE, {}),
    "resnet50": (IMAGE, {}),
    "resnext50_32x4d": (IMAGE, {}),
    "densenet121": (IMAGE, {}),
    "squeezenet1_0": (IMAGE, {}),
    "squeezenet1_1": (IMAGE, {}),
    "googlenet": (IMAGE, {"aux_logits": False, "init_weights": False}),
    "inception_v3": ((3, 299, 299), {"init_weights": False}),
    "mobilenet_v2": (IMAGE, {}),
    "mobilenet_v3_small": (IMAGE, {}),
    "mobilenet_v3_large": (IMAGE, {}),
    "shufflenet_v2_x0_5": (IMAGE, {}),
    "shufflenet_v2_x1_0": (IMAGE, {}),
    "mnasnet0_5": (IMAGE, {}),
    "efficientnet_b0": (IMAGE, {}),
    "regnet_x_400mf": (IMAGE, {}),
    "regnet_y_400mf": (IMAGE, {}),
    "convnext_tiny": (IMAGE, {}),
    "vit_b_32": (IMAGE, {}),
    "swin_t": (IMAGE, {}),
    "lraspp_mobilenet_v3_large": ((3, 520, 520), {"weights_backbone": None}),
    "ssdlite320_mobilenet_v3_large": ((3, 320, 320), {"weights_backbone": None}),
    "r3d_18": (CLIP, {}),
}


def entries() -> Iterator[Entry]:
    """All of them."""
    from torchvision import models

    for name, (shape, told) in MODELS.items():
        meta = models.get_model_weights(name).DEFAULT.meta
        yield Entry(
            name,
            "torchvision",
            partial(build, name, told),
            lambda shape=shape: shape,
            published=Published(meta["_ops"], 3, "torchvision, _ops"),
            params=meta["num_params"],
        )


def build(name: str, told: dict[str, Any]) -> nn.Module:
    """One of them, without its weights."""
    from torchvision import models

    return models.get_model(name, weights=None, **told)
