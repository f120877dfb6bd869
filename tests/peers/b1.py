"""B1: the best that a skilled Python user would write. Every picture is decoded once and passes the frozen part once,
with channels-last strides and BatchNorm folded into the convolution before it; epochs run on the features. With
--cache the features are kept for the next run, as long as its file stands (nothing checks whether it still fits)."""

import copy
import os

import common
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold(module):
    """Folds every BatchNorm that directly follows a convolution among its siblings, which is how the three networks
    here are built (the blocks of EfficientNet-Lite and ResNet name their pairs)."""
    children = dict(module.named_children())
    pairs = list(zip(children, list(children)[1:]))
    pairs += [("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")]
    pairs += [("conv1", "bn1"), ("conv2", "bn2"), ("conv3", "bn3")]
    for conv, norm in pairs:
        first, second = getattr(module, conv, None), getattr(module, norm, None)
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
            # A subclass that pads by itself stays what it is.
            fused = fuse_conv_bn_eval(first, second)
            setattr(module, conv, fused)
            setattr(module, norm, nn.Identity())
    for child in module.children():
        fold(child)


def frozen(base, segments, options):
    """The first `segments` segments as quick inference."""
    part = nn.Sequential(*copy.deepcopy(base.segments[:segments])).eval()
    fold(part)
    return common.settled(part.to(memory_format=torch.channels_last), options)


def features_of(parts, loader, options):
    """The output of each of `parts` (a dictionary) for every picture, and the labels."""
    outputs, labels = {name: [] for name in parts}, []
    with torch.inference_mode():
        for pictures, truth in loader:
            pictures, truth = common.placed(pictures, truth, options)
            pictures = pictures.contiguous(memory_format=torch.channels_last)
            for name, part in parts.items():
                with common.mixed(options):
                    output = part(pictures)
                outputs[name].append(common.pool(output).float() if name == "pooled" else output)
            labels.append(truth)
    return {name: torch.cat(rows) for name, rows in outputs.items()} | {"labels": torch.cat(labels)}


def judge(network, features, labels, options):
    network.eval()
    loss, correct = 0.0, 0
    with torch.no_grad():
        for rows, truth in zip(features.split(256), labels.split(256)):
            with common.mixed(options):
                logits = network(rows)
            logits = logits.float()
            loss += nn.functional.cross_entropy(logits, truth, reduction="sum").item()
            correct += (logits.argmax(1) == truth).sum().item()
    return loss / max(len(labels), 1), correct, len(labels)


def train(network, groups, name, epochs, rate, free, best, options):
    """`name`: which features. `free`: layers of the rest of the base that learn."""
    for parameter in network.rest.parameters():
        parameter.requires_grad = False
    for layer in free:
        for parameter in layer.parameters():
            parameter.requires_grad = True
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(learning, lr=rate, fused=options.device == "cuda")
    rows, labels = groups["train"][name], groups["train"]["labels"]
    for _ in range(epochs):
        network.train()
        network.rest.eval()
        for layer in free:
            layer.train()
        for batch in torch.randperm(len(labels), device=labels.device).split(32):
            optimizer.zero_grad()
            with common.mixed(options):
                loss = nn.functional.cross_entropy(network(rows[batch]), labels[batch])
            loss.backward()
            optimizer.step()
        validation = groups["validation"]
        loss, correct, total = judge(network, validation[name], validation["labels"], options)
        common.say(validation_loss=loss, validation_accuracy=correct / max(total, 1))
        if loss < best["loss"]:
            best.update(loss=loss, state=copy.deepcopy(network.state_dict()))


class Tail(nn.Module):
    """What of the base is not frozen, and the head."""

    def __init__(self, rest, head):
        super().__init__()
        self.rest, self.head = nn.Sequential(*rest), head

    def forward(self, x):
        if len(self.rest) == 0:
            return self.head(x)
        return self.head(common.pool(self.rest(x)))


def main():
    options = common.arguments(__doc__)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    (training, validation, test), classes = common.read_split(options)
    base = common.base(options.network, options.weights).to(memory_format=torch.channels_last)
    cut = 0 if options.work == "full" else len(base.segments)
    if options.work == "comparison":
        learning = set(common.last_layers(base, 20))
        cut = next(place for place, segment in enumerate(base.segments) if learning & set(segment.modules()))

    if options.work == "full":
        # Nothing is frozen, so nothing can be kept but the decoded pictures; what is left is channels-last.
        parts = {"cut": nn.Identity()}
    else:
        parts = {"pooled": frozen(base, len(base.segments), options)}
        if options.work == "comparison":
            parts["cut"] = frozen(base, cut, options)
    groups = torch.load(options.cache) if options.cache and os.path.exists(options.cache) else None
    if groups is None:
        groups = {
            name: features_of(parts, common.loader(pictures, options), options)
            for name, pictures in (("train", training), ("validation", validation), ("test", test))
        }
        if options.cache:
            torch.save(groups, options.cache)

    def tail(first):
        rest = copy.deepcopy(base.segments[first:])
        return common.settled(Tail(rest, common.head(base.features, len(classes), options.dropout)), options)

    best = {"loss": float("inf"), "state": None}
    if options.work == "full":
        name, network = "cut", tail(0)
        train(network, groups, name, options.epochs, options.rate, [network.rest], best, options)
    else:
        name, network = "pooled", tail(len(base.segments))
        train(network, groups, name, options.epochs, options.rate, [], best, options)
    if options.work == "comparison":
        network.load_state_dict(best["state"])
        judge(network, groups["test"]["pooled"], groups["test"]["labels"], options)
        torch.manual_seed(options.seed)
        warm, warm_best = tail(len(base.segments)), {"loss": float("inf"), "state": None}
        train(warm, groups, "pooled", 5, options.rate, [], warm_best, options)
        name, network = "cut", tail(cut)
        network.head.load_state_dict(warm.head.state_dict())
        best = {"loss": float("inf"), "state": None}
        train(network, groups, name, 10, options.rate / 10, common.last_layers(network.rest, 20), best, options)
    network.load_state_dict(best["state"])
    _, correct, total = judge(network, groups["test"][name], groups["test"]["labels"], options)
    common.finish(correct, total)


if __name__ == "__main__":
    main()
