import json

import numpy
import onnxruntime
from PIL import Image, ImageOps


network = onnxruntime.InferenceSession("network.onnx")
classes = json.loads(network.get_modelmeta().custom_metadata_map["classes"])
picture = numpy.asarray(read_picture("picture.png"))
[probabilities] = network.run(["probabilities"], {"images": picture[numpy.newaxis]})
for name, probability in zip(classes, probabilities[0]):
    print(f"{probability:.6f}  {name}")
