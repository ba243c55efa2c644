"""Networks for images as small as CIFAR's, [N, 3, 32, 32], for `suites/cifar_like.yaml`.

The published networks with the stem that is usual for 32x32 (He et al. 2016, section 4.2): a 3x3
convolution of stride 1 in place of 7x7 of stride 2, and no pooling behind it; MobileNetV2's first
stride is 1. The spiking ones are SpikingJelly's SEW-ResNet-18 (Fang et al. 2021, arXiv:2102.04159,
connected by ADD) and its VGG-11 with batch norms, whose classifier is one linear layer: they see
the same image in each of T time steps and answer with the mean.
"""

from __future__ import annotations

from torch import Tensor, nn

CLASSES = 10


class _Steps(nn.Module):
    """A network of one image in every time step, all steps in one call (step mode m)."""

    def __init__(self, net: nn.Module, steps: int) -> None:
        """Wrap a network.

        Args:
            net: Takes [T, N, 3, 32, 32], and gives [T, N, classes].
            steps: T.

        Raises:
            ValueError: There is no time step.
        """
        super().__init__()
        if steps < 1:
            raise ValueError(f"T must be at least 1, not {steps}")
        self.net, self.T = net, steps

    def forward(self, images: Tensor) -> Tensor:
        """The mean answer [N, classes] to images [N, 3, 32, 32]."""
        found: Tensor = self.net(images.expand(self.T, *images.shape))
        return found.mean(0)


def sew_resnet18(num_classes: int = CLASSES, T: int = 4) -> nn.Module:
    """SEW-ResNet-18 of IF neurons."""
    from spikingjelly.activation_based import functional, layer, neuron, surrogate  # noqa: PLC0415
    from spikingjelly.activation_based.model import sew_resnet  # noqa: PLC0415

    net = sew_resnet.sew_resnet18(
        cnf="ADD",
        spiking_neuron=neuron.IFNode,
        surrogate_function=surrogate.ATan(),
        detach_reset=True,
        num_classes=num_classes,
    )
    net.conv1 = layer.Conv2d(3, 64, 3, padding=1, bias=False)
    net.maxpool = nn.Identity()
    functional.set_step_mode(net, "m")
    return _Steps(net, T)


def spiking_vgg11(num_classes: int = CLASSES, T: int = 4) -> nn.Module:
    """VGG-11 with batch norms and IF neurons."""
    from spikingjelly.activation_based import functional, layer, neuron, surrogate  # noqa: PLC0415
    from spikingjelly.activation_based.model import spiking_vgg  # noqa: PLC0415

    features = spiking_vgg.SpikingVGG.make_layers(
        spiking_vgg.cfgs["A"],
        batch_norm=True,
        neuron=neuron.IFNode,
        surrogate_function=surrogate.ATan(),
        detach_reset=True,
    )
    net = nn.Sequential(features, layer.Flatten(), layer.Linear(512, num_classes))
    functional.set_step_mode(net, "m")
    return _Steps(net, T)


def resnet18(num_classes: int = CLASSES) -> nn.Module:
    """ResNet-18 of torchvision."""
    from torchvision import models  # noqa: PLC0415

    net: nn.Module = models.resnet18(num_classes=num_classes)
    net.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    net.maxpool = nn.Identity()
    return net


def mobilenet_v2(num_classes: int = CLASSES) -> nn.Module:
    """MobileNetV2 of torchvision."""
    from torchvision import models  # noqa: PLC0415

    net: nn.Module = models.mobilenet_v2(num_classes=num_classes)
    for module in net.modules():
        if isinstance(module, nn.Conv2d):  # the first
            module.stride = (1, 1)
            break
    return net
