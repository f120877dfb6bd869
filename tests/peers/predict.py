"""Class probabilities of every picture below a folder, written as CSV as they come: what a skilled Python user would write
to use a trained network. Pictures are decoded by a DataLoader's workers; the network has channels-last strides and BatchNorm
folded into the convolution before it. The head's weights are drawn: the work is the same, the answers say nothing."""

import csv
import os

import common
import torch
from b1 import frozen
from torch import nn

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")


def pictures_below(folder):
    for path, folders, files in os.walk(folder):
        folders.sort()
        for file in sorted(files):
            if file.lower().endswith(ENDINGS):
                yield os.path.relpath(os.path.join(path, file), folder)


class OrNothing(torch.utils.data.Dataset):
    """A picture that can't be read is a black one, and said to be none."""

    def __init__(self, pictures):
        self.pictures = pictures

    def __len__(self):
        return len(self.pictures)

    def __getitem__(self, index):
        try:
            return self.pictures[index][0], index, True
        except (OSError, ValueError):
            return torch.zeros(3, common.SIDE, common.SIDE), index, False


def main():
    options = common.arguments(__doc__)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    classes = ["defective", "functional"]
    rows = [{"file": file, "class": classes[0]} for file in pictures_below(options.pictures)]
    pictures = common.Pictures(options.pictures, rows, classes, common.PREPROCESSING[options.network])
    base = common.base(options.network, options.weights)
    body = frozen(base, len(base.segments), options)
    head = common.settled(common.head(base.features, len(classes), 0.0).eval(), options)
    answered = unreadable = 0
    with open(options.out, "w", newline="") as file, torch.inference_mode():
        table = csv.writer(file)
        table.writerow(["image", "class", "confidence", *(f"probability_{name}" for name in classes), "error"])
        for batch, indices, is_read in common.loader(OrNothing(pictures), options):
            batch, _ = common.placed(batch.contiguous(memory_format=torch.channels_last), indices, options)
            with common.mixed(options):
                logits = head(common.pool(body(batch)))
            probabilities = nn.functional.softmax(logits.float(), -1).cpu()
            for row, index, good in zip(probabilities.tolist(), indices.tolist(), is_read.tolist()):
                name = rows[index]["file"]
                if not good:
                    unreadable += 1
                    table.writerow([name, "", "", *([""] * len(classes)), "can't be read"])
                    continue
                answered += 1
                best = max(range(len(classes)), key=row.__getitem__)
                table.writerow([name, classes[best], row[best], *row, ""])
            file.flush()
    common.say(answered=answered, unreadable=unreadable)


if __name__ == "__main__":
    main()
