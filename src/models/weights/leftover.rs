//! Which of a file's tensors a network may go without: what training used and nothing else, told by name. All others are
//! layers, and a network without them would compute something else.

/// Beginnings of names of classifiers, of heads for training without labels, and of losses. A part of a name counts when it
/// is one of these words or, after an underscore, ends with one.
const HEADS: &[&str] = &[
    "head",
    "heads",
    "fc",
    "classifier",
    "classifiers",
    "logits",
    "linear",
    "projector",
    "projection",
    "predictor",
    "prediction",
    "prototypes",
    "decoder",
    "criterion",
    "loss",
    "losses",
    "queue",
    "neck",
    "aux",
    "auxiliary",
    "metric",
    "arcface",
    "discriminator",
];

/// Whole first parts of names.
const PARTS: &[&str] = &[
    "last_linear",
    "output_layer",
    "last_layer",
    "mlp_head",
    "AuxLogits",
    "aux1",
    "aux2",
    "aux_classifier",
    "mask_token",
    "queue_ptr",
    "decoder_embed",
    "decoder_pos_embed",
    "decoder_blocks",
    "decoder_norm",
    "decoder_pred",
    "head_dist",
    "center",
    "temperature",
    "logit_scale",
    "proj",
    "head_proj",
    "out_proj",
    "output_proj",
    "final_proj",
];

/// Words in a name that say that it stands before or inside the network, whatever comes after them.
const NO_HEADS: &[&str] = &[
    "input",
    "in",
    "pre",
    "stem",
    "patch",
    "adapter",
    "adapters",
    "prompt",
    "attention",
    "attn",
];

/// Names under which optimizers and training scripts keep what is shaped as the weights and is none.
const OPTIMIZERS: &[&str] = &[
    "exp_avg",
    "exp_avg_sq",
    "max_exp_avg_sq",
    "momentum_buffer",
    "square_avg",
    "grad_avg",
    "acc_delta",
    "opt",
    "optim",
    "grad",
    "grads",
    "gradients",
];

/// Whether a part of `path` says that an optimizer keeps its numbers there.
pub(super) fn is_optimizers(path: &str) -> bool {
    path.split('.').any(|part| {
        OPTIMIZERS.contains(&part)
            || part.contains("optimizer")
            || part.starts_with("optim_")
            || part.ends_with("_optim")
    })
}

/// Ends of names that count or record, wherever they stand.
const COUNTERS: &[&str] = &[
    "num_batches_tracked",
    "total_ops",
    "total_params",
    "n_averaged",
    "num_updates",
    "num_updates_tracked",
    "relative_position_index",
    "position_ids",
    "step",
    "steps",
    "epoch",
    "iteration",
    "decay",
    "version",
];

/// Whether the tensor `name`, without what stands before the network's names, is none of a network's layers. `own` says
/// whether a first part of a name is one of the network's base.
pub(super) fn is_dispensable(name: &str, own: &dyn Fn(&str) -> bool) -> bool {
    let (first, rest) = name.split_once('.').unwrap_or((name, ""));
    let last = name.rsplit('.').next().unwrap_or_default();
    if COUNTERS.contains(&last) {
        return true;
    }
    if PARTS.contains(&first) {
        return true;
    }
    // `layer1.0.fc1.weight` is a layer, whatever it is called.
    if own(first) && !HEADS.contains(&first) {
        return false;
    }
    let word = first.to_lowercase();
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
    if word.split('_').any(|part| NO_HEADS.contains(&part)) {
        return false;
    }
    let is_head = HEADS.iter().any(|head| {
        word == *head
            || word
                .strip_suffix(head)
                .is_some_and(|before| before.ends_with('_'))
    });
    // A single tensor without a layer around it, such as `head_scale`, is none of a head.
    is_head && (!rest.is_empty() || word == "queue")
}

/// What files of a certain kind have among their names, and what to do with them.
pub(super) fn hint(names: &[&str]) -> Option<&'static str> {
    // Whole parts of a name, or with points: pieces of it.
    let has = |words: &[&str]| {
        names.iter().any(|name| {
            words.iter().any(|word| match word.contains('.') {
                true => name.contains(word),
                false => name.split('.').any(|part| part == *word),
            })
        })
    };
    if names.iter().all(|name| is_optimizers(name)) {
        Some(
            "it holds what an optimizer remembers (averages of gradients), and not the weights; take the file that holds the \
             network: torch.save(model.state_dict(), …)",
        )
    } else if has(&[
        "lora_A",
        "lora_B",
        "lora_down",
        "lora_up",
        "lora",
        "hada_w1_a",
        "lokr_w1",
        "ia3_l",
    ]) {
        Some(
            "it holds an adapter (LoRA), which is a change to weights and needs them; in Python, join both: \
             model.merge_and_unload(), and save that state_dict",
        )
    } else if has(&[
        "weight_scale",
        "weight_scale_inv",
        "SCB",
        "absmax",
        "quant_map",
        "quant_state",
        "qweight",
        "qzeros",
        "weight_packed",
        "zero_point",
        "weight_zero_point",
        "input_scale",
        "_packed_params",
        "weight_quantizer",
        "activation_post_process",
    ]) {
        Some(
            "it is quantised: its whole numbers are no weights without their scales, and training needs the network in \
             single or half precision; take the file from before the quantisation",
        )
    } else if has(&["weight_orig", "weight_mask"]) {
        Some(
            "it is pruned, with masks beside its weights; in Python, join them with torch.nn.utils.prune.remove and save again",
        )
    } else if has(&["weight_g", "weight_v", "parametrizations"]) {
        Some(
            "its weights are parametrised (weight_norm and the like); in Python, take that away with \
             torch.nn.utils.parametrize.remove_parametrizations and save again",
        )
    } else if has(&[
        "patch_embeddings",
        "encoder.layer.",
        "encoder.stages.",
        "embedder",
        "convolution",
    ]) {
        Some(
            "its names are those of Hugging Face’s transformers, which are not known here; take the same network from timm \
             or torchvision",
        )
    } else if has(&["resblocks", "ln_pre"]) {
        Some(
            "it is a CLIP network, which normalises before its first layer as no network here does",
        )
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dispensable(name: &str) -> bool {
        let own = |part: &str| {
            matches!(
                part,
                "conv1" | "bn1" | "layer1" | "layer2" | "blocks" | "norm" | "features" | "encoder"
            )
        };
        is_dispensable(name, &own)
    }

    #[test]
    fn heads_losses_and_counters_are_not_missed() {
        for name in [
            "fc.weight",
            "fc2.bias",
            "classifier.1.weight",
            "head.weight",
            "head_dist.bias",
            "heads.head.weight",
            "last_linear.weight",
            "projector.0.weight",
            "projection_head.2.bias",
            "contrastive_head.0.weight",
            "predictor.layers.0.weight",
            "prototypes.weight",
            "cls_head.fc.weight",
            "criterion.weight",
            "center_loss.centers",
            "AuxLogits.fc.weight",
            "aux1.conv.conv.weight",
            "decoder_blocks.0.attn.qkv.weight",
            "decoder.layers.0.weight",
            "mask_token",
            "queue",
            "queue_ptr",
            "layer1.0.bn1.num_batches_tracked",
            "layer1.0.total_ops",
            "n_averaged",
            "logit_scale",
        ] {
            assert!(dispensable(name), "{name}");
        }
    }

    #[test]
    fn layers_are_missed_whatever_they_are_called() {
        for name in [
            "layer1.2.conv1.weight",
            "layer1.0.se.fc1.weight",
            "layer1.0.head.weight",
            "layer5.0.conv1.weight",
            "blocks.0.ls1.gamma",
            "blocks.12.norm1.weight",
            "blocks.0.mlp.grn.weight",
            "reg_token",
            "dist_token",
            "norm_pre.weight",
            "fc_norm.weight",
            "conv1.weight_scale",
            "conv1.bias",
            "conv1.lora_A.weight",
            "layer1.0.conv1.SCB",
            "multihead_attn.in_proj_weight",
            "attention.weight",
            "se_module.fc1.weight",
            "encoder.layers.encoder_layer_12.ln_1.weight",
            "head_scale",
            "stem.0.weight",
            "input_proj.weight",
            "adapters_proj.0.down.weight",
            "input_projection.weight",
            "pre_linear.weight",
            "attention_head.weight",
            "pos_proj.weight",
        ] {
            assert!(!dispensable(name), "{name}");
        }
    }

    #[test]
    fn kinds_of_files_are_known_by_their_names() {
        let known = |name: &str| hint(&[name]).unwrap_or_default();
        assert!(known("layer1.0.conv1.weight_scale").contains("quantised"));
        assert!(known("layer1.0.conv1.SCB").contains("quantised"));
        assert!(known("base_model.model.conv1.lora_A.default.weight").contains("LoRA"));
        assert!(
            known("vit.encoder.layer.0.attention.output.dense.weight").contains("Hugging Face")
        );
        assert!(known("visual.transformer.resblocks.0.ln_1.weight").contains("CLIP"));
        assert_eq!(
            hint(&["layer1.0.conv1.weight", "layer1.0.se.fc.weight"]),
            None
        );
        assert!(known("exp_avg.layer1.0.conv1.weight").contains("optimizer"));
        assert_eq!(hint(&["exp_avg.conv1.weight", "conv1.weight"]), None);
    }

    #[test]
    fn what_an_optimizer_keeps_is_known_by_its_path() {
        for path in [
            "exp_avg",
            "optimizer.exp_avg_sq",
            "optimizer_state_dict.state",
            "g_optim",
        ] {
            assert!(is_optimizers(path), "{path}");
        }
        for path in ["", "model", "optimized_model", "state_dict.options"] {
            assert!(!is_optimizers(path), "{path}");
        }
    }
}
