//! Names of other libraries to those of the backbones here. A further dialect has its function
//! here and its line in [`translate`].

use super::tensors::FileTensor;

/// Renames `tensors` to the names of `backbone` and says which dialect they were in.
pub(super) fn translate(backbone: &str, tensors: &mut [FileTensor]) -> &'static str {
    strip_wrapper(tensors);
    let is_timm_mobile = tensors
        .iter()
        .any(|tensor| tensor.name == "conv_stem.weight");
    match backbone {
        "mobilenet_v2" if is_timm_mobile => {
            rename(tensors, mobilenet_v2_from_timm);
            "timm"
        }
        name if name.starts_with("efficientnet_lite") => {
            if is_timm_mobile {
                rename(tensors, efficientnet_lite_from_timm);
                return "timm";
            }
            "efficientnet-lite"
        }
        // timm's ResNet has torchvision's names.
        _ => "torchvision",
    }
}

/// `DataParallel` and `torch.compile` put their own name before all others.
fn strip_wrapper(tensors: &mut [FileTensor]) {
    for prefix in ["module.", "_orig_mod.", "backbone."] {
        if tensors.iter().all(|tensor| tensor.name.starts_with(prefix)) {
            for tensor in &mut *tensors {
                tensor.name.drain(..prefix.len());
            }
        }
    }
}

/// timm numbers blocks by stage, `blocks.2.1`; here they are numbered through. `map` takes the
/// running number of the block (`None` outside), its layer and what follows it.
fn rename(tensors: &mut [FileTensor], map: fn(Option<usize>, &str) -> Option<String>) {
    let place = |name: &str| -> Option<(usize, usize)> {
        let mut parts = name.strip_prefix("blocks.")?.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    let mut blocks: Vec<(usize, usize)> = tensors
        .iter()
        .filter_map(|tensor| place(&tensor.name))
        .collect();
    blocks.sort_unstable();
    blocks.dedup();
    for tensor in tensors {
        let (number, rest) = match place(&tensor.name) {
            Some(block) => (
                blocks.iter().position(|known| *known == block),
                tensor.name.splitn(4, '.').nth(3).unwrap_or_default(),
            ),
            None => (None, tensor.name.as_str()),
        };
        let Some((layer, suffix)) = rest.split_once('.') else {
            continue;
        };
        if let Some(path) = map(number, layer) {
            tensor.name = format!("{path}.{suffix}");
        }
    }
}

fn mobilenet_v2_from_timm(block: Option<usize>, layer: &str) -> Option<String> {
    let place = match (block, layer) {
        (None, "conv_stem") => "features.0.0".into(),
        (None, "bn1") => "features.0.1".into(),
        (None, "conv_head") => "features.18.0".into(),
        (None, "bn2") => "features.18.1".into(),
        (None, "classifier") => "classifier.1".into(),
        (None, _) => return None,
        // The first block has no expansion.
        (Some(number), layer) => {
            let inside = match (number, layer) {
                (0, "conv_dw") | (1.., "conv_pw") => "0.0",
                (_, "bn1") => "0.1",
                (0, "conv_pw") => "1",
                (0, "bn2") => "2",
                (_, "conv_dw") => "1.0",
                (_, "bn2") => "1.1",
                (_, "conv_pwl") => "2",
                (_, "bn3") => "3",
                _ => return None,
            };
            format!("features.{}.conv.{inside}", number + 1)
        }
    };
    Some(place)
}

fn efficientnet_lite_from_timm(block: Option<usize>, layer: &str) -> Option<String> {
    let place = match (block, layer) {
        (None, "conv_stem") => "_conv_stem".into(),
        (None, "bn1") => "_bn0".into(),
        (None, "conv_head") => "_conv_head".into(),
        (None, "bn2") => "_bn1".into(),
        (None, "classifier") => "_fc".into(),
        (None, _) => return None,
        (Some(number), layer) => {
            let inside = match (number, layer) {
                (_, "conv_dw") => "_depthwise_conv",
                (0, "bn1") | (1.., "bn2") => "_bn1",
                (0, "conv_pw") | (_, "conv_pwl") => "_project_conv",
                (0, "bn2") | (_, "bn3") => "_bn2",
                (_, "conv_pw") => "_expand_conv",
                (_, "bn1") => "_bn0",
                _ => return None,
            };
            format!("_blocks.{number}.{inside}")
        }
    };
    Some(place)
}
