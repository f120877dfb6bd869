import json

from safetensors import safe_open

with safe_open("network.safetensors", "numpy") as file:
    about = file.metadata()
    print(about["backbone"], json.loads(about["classes"]), json.loads(about["preprocessing"]))
    for name in file.keys():
        print(name, file.get_tensor(name).shape)
