"""Which pre-trained network serves these pictures best: what a skilled Python user would write with timm and scikit-learn, to stand
beside `graft shootout`. Every network sees every picture once, frozen (channels-last strides, decoding in a DataLoader's workers);
heads are logistic regressions whose C is chosen inside each fold. `--cache FOLDER` keeps features for the next time.

Networks have random weights, because the published ones can't be fetched everywhere: the work is the same, the accuracy says
nothing."""

import argparse
import json
import os
import sys
import time
import warnings

STARTED = time.perf_counter()

import numpy
import timm
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# Graft's (torchvision's) names, where timm has others.
TIMM = {
    "mobilenet_v2": "mobilenetv2_100",
    "mobilenet_v3_small": "mobilenetv3_small_100",
    "mobilenet_v3_large": "mobilenetv3_large_100",
    "vit_b_16": "vit_base_patch16_224",
}
GRID = numpy.logspace(-4, 4, 10)


class Pictures(torch.utils.data.Dataset):
    def __init__(self, paths, transform):
        self.paths, self.transform = paths, transform

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        with Image.open(self.paths[index]) as picture:
            return self.transform(picture.convert("RGB"))


def features(name, paths, options):
    network = timm.create_model(TIMM.get(name, name), pretrained=False, num_classes=0)
    network.eval().to(memory_format=torch.channels_last)
    transform = timm.data.create_transform(**timm.data.resolve_data_config({}, model=network), is_training=False)
    loader = torch.utils.data.DataLoader(Pictures(paths, transform), batch_size=32, num_workers=min(2, options.threads))
    rows = []
    with torch.inference_mode():
        for batch in loader:
            rows.append(network(batch.contiguous(memory_format=torch.channels_last)).numpy())
    return numpy.concatenate(rows)


def judge(rows, labels, options):
    """Nested cross-validation: answers of every fold by a head whose C was chosen on the others."""
    answers = numpy.empty_like(labels)
    strengths = []
    outer = StratifiedKFold(options.folds, shuffle=True, random_state=options.seed)
    for train, test in outer.split(rows, labels):
        inner = StratifiedKFold(options.folds - 1, shuffle=True, random_state=options.seed)
        head = LogisticRegressionCV(
            Cs=GRID, cv=inner, scoring="neg_log_loss", max_iter=1000, n_jobs=options.threads, use_legacy_attributes=False
        )
        pipeline = make_pipeline(StandardScaler(), head).fit(rows[train], labels[train])
        answers[test] = pipeline.predict(rows[test])
        strengths.append(float(numpy.ravel(head.C_)[0]))
    return accuracy_score(labels, answers), f1_score(labels, answers, average="macro"), strengths


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", required=True, help="a folder with one folder per class")
    parser.add_argument("--networks", required=True, help="names, separated by commas")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--cache", help="where features are kept for the next time")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    warnings.filterwarnings("ignore", category=FutureWarning)
    paths, labels = [], []
    for label, folder in enumerate(sorted(os.listdir(options.pictures))):
        for file in sorted(os.listdir(os.path.join(options.pictures, folder))):
            paths.append(os.path.join(options.pictures, folder, file))
            labels.append(label)
    labels = numpy.array(labels)
    best = 0.0
    for name in options.networks.split(","):
        began = time.perf_counter()
        file = options.cache and os.path.join(options.cache, f"{name}.npy")
        if file and os.path.exists(file):
            rows = numpy.load(file)
        else:
            rows = features(name, paths, options)
            if file:
                os.makedirs(options.cache, exist_ok=True)
                numpy.save(file, rows)
        between = time.perf_counter()
        accuracy, macro_f1, strengths = judge(rows, labels, options)
        best = max(best, accuracy)
        say(
            network=name,
            accuracy=accuracy,
            macro_f1=macro_f1,
            features=rows.shape[1],
            feature_seconds=between - began,
            head_seconds=time.perf_counter() - between,
            strengths=strengths,
        )
    say(seconds=time.perf_counter() - STARTED, accuracy=best)


def say(**line):
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
