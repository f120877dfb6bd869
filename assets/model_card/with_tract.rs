use tract_onnx::prelude::*;

/// The probability of every class, in the order of the file's metadata “classes”, for a decoded picture.
pub fn probabilities(network: &str, picture: &image::RgbImage) -> TractResult<Vec<f32>> {
    let shape = [1, picture.height() as usize, picture.width() as usize, 3];
    let network = tract_onnx::onnx()
        .model_for_path(network)?
        .with_input_fact(0, u8::fact(shape).into())?
        .into_optimized()?
        .into_runnable()?;
    let pictures = Tensor::from_shape(&shape, picture.as_raw())?;
    let answers = network.run(tvec!(pictures.into()))?;
    Ok(answers[0].try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
}

fn main() -> TractResult<()> {
    let picture = image::open("picture.png")?.into_rgb8();
    println!("{:?}", probabilities("network.onnx", &picture)?);
    Ok(())
}
