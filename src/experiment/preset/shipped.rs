//! The presets that come with Graft.

/// File name and text, in the order in which the window offers them.
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    macro_rules! presets {
        ($($name:literal),* $(,)?) => {
            &[$(($name, include_str!(concat!("../../../presets/", $name)))),*]
        };
    }
    presets![
        "solar-feature-extraction.ron",
        "solar-fine-tuning.ron",
        "lesson-feature-extraction.ron",
        "lesson-fine-tuning.ron",
        "from-scratch.ron",
        "keras-guide.ron",
        "fastai-fine-tune.ron",
    ]
}
