from predict import CLASSES, load, predict

network = load()
probabilities = predict(network, ["picture.png"])[0]
for name, probability in zip(CLASSES, probabilities.tolist()):
    print(f"{probability:.6f}  {name}")
