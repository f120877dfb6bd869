"""Records what Pillow and torchvision make of a drawn picture, for src/data/square.rs.

    python tests/record_pillow.py

writes tests/golden/pillow_squares.json. The picture is drawn by a formula (as in the test), so that
no picture needs to be stored. Recorded with Pillow 13.0 and torchvision 0.26.
"""

import json
import pathlib

from PIL import Image
from torchvision.transforms import functional

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
MODES = {"bilinear": functional.InterpolationMode.BILINEAR, "bicubic": functional.InterpolationMode.BICUBIC}
BACKGROUND = (10, 20, 30)


def drawn(width, height):
    pixels = bytearray()
    for y in range(height):
        for x in range(width):
            mixed = (x * 2654435761 & 0xFFFFFFFF) ^ (y * 2246822519 & 0xFFFFFFFF)
            noise = (mixed * 3266489917 & 0xFFFFFFFF) >> 24
            for value in (255 * x // width, 255 * y // height, 255 * (x + y) // (width + height)):
                pixels.append((3 * value + noise) // 4)
    return Image.frombytes("RGB", (width, height), bytes(pixels))


def square(picture, side, resize, interpolation, fit):
    if fit == "CenterCrop":
        resized = functional.resize(picture, [resize], MODES[interpolation])
        return functional.center_crop(resized, [side, side])
    if fit == "Squash":
        return picture.resize((side, side), FILTERS[interpolation])
    longer = max(picture.size)
    size = tuple(max(1, int(length * side / longer + 0.5)) for length in picture.size)
    canvas = Image.new("RGB", (side, side), BACKGROUND)
    canvas.paste(picture.resize(size, FILTERS[interpolation]), ((side - size[0]) // 2, (side - size[1]) // 2))
    return canvas


def main():
    cases = []
    for width, height, side, resize in [(97, 61, 24, 27), (50, 83, 21, 24), (9, 7, 22, 25), (30, 40, 28, 20), (40, 31, 24, 24)]:
        for interpolation in FILTERS:
            for fit in ("CenterCrop", "Squash", "Pad"):
                result = square(drawn(width, height), side, resize, interpolation, fit)
                assert result.size == (side, side)
                cases.append({
                    "width": width, "height": height, "side": side, "resize": resize,
                    "interpolation": interpolation, "fit": fit, "rgb": result.tobytes().hex(),
                })
    folder = pathlib.Path(__file__).parent / "golden"
    folder.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    (folder / "pillow_squares.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
