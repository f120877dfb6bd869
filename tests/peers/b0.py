"""B0: the lesson's loop. Every picture is decoded and passes the whole network in every epoch; the frozen base is in
eval mode, so that its BatchNorm layers keep their statistics."""

import copy

import common
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self, base, head):
        super().__init__()
        self.base, self.head = base, head

    def forward(self, x):
        return self.head(common.pool(self.base(x)))


def set_modes(network, free):
    """Frozen layers in eval mode, the others (and the head) in training mode."""
    network.train()
    if free is not None:
        network.base.eval()
        for layer in free:
            layer.train()


def judge(network, loader, options):
    """Mean loss and the number of right answers."""
    network.eval()
    loss, correct, total = 0.0, 0, 0
    with torch.no_grad():
        for pictures, labels in loader:
            pictures, labels = common.placed(pictures, labels, options)
            with common.mixed(options):
                logits = network(pictures)
            logits = logits.float()
            loss += nn.functional.cross_entropy(logits, labels, reduction="sum").item()
            correct += (logits.argmax(1) == labels).sum().item()
            total += len(labels)
    return loss / max(total, 1), correct, total


def train(network, loaders, epochs, rate, free, best, options):
    """`free`: layers of the base that learn; None for all of them."""
    for parameter in network.base.parameters():
        parameter.requires_grad = free is None
    for layer in free or []:
        for parameter in layer.parameters():
            parameter.requires_grad = True
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(learning, lr=rate)
    for _ in range(epochs):
        set_modes(network, free)
        for pictures, labels in loaders["train"]:
            pictures, labels = common.placed(pictures, labels, options)
            optimizer.zero_grad()
            with common.mixed(options):
                loss = nn.functional.cross_entropy(network(pictures), labels)
            loss.backward()
            optimizer.step()
        loss, correct, total = judge(network, loaders["validation"], options)
        common.say(validation_loss=loss, validation_accuracy=correct / max(total, 1))
        if loss < best["loss"]:
            best.update(loss=loss, state=copy.deepcopy(network.state_dict()))


def main():
    options = common.arguments(__doc__)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    (training, validation, test), classes = common.read_split(options)
    loaders = {
        name: common.loader(pictures, options, shuffle=name == "train", persistent=True)
        for name, pictures in (("train", training), ("validation", validation), ("test", test))
    }

    def network():
        base = common.base(options.network, options.weights)
        return common.settled(Network(base, common.head(base.features, len(classes), options.dropout)), options)

    whole = network()
    best = {"loss": float("inf"), "state": None}
    if options.work == "full":
        train(whole, loaders, options.epochs, options.rate, None, best, options)
    else:
        train(whole, loaders, options.epochs, options.rate, [], best, options)
    if options.work == "comparison":
        # Feature extraction is done and tested; now the second experiment.
        whole.load_state_dict(best["state"])
        judge(whole, loaders["test"], options)
        torch.manual_seed(options.seed)
        whole = network()
        best = {"loss": float("inf"), "state": None}
        train(whole, loaders, 5, options.rate, [], best, options)
        train(whole, loaders, 10, options.rate / 10, common.last_layers(whole.base, 20), best, options)
    whole.load_state_dict(best["state"])
    _, correct, total = judge(whole, loaders["test"], options)
    common.finish(correct, total)


if __name__ == "__main__":
    main()
