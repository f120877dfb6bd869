//! Class activation maps as textures.

use std::sync::Arc;

use eframe::egui::{self, ColorImage, TextureHandle, TextureOptions};

use crate::app::ui::tokens;
use crate::training::explain::Explanation;

/// Maps that are kept: two runs, and the ones before.
const KEPT: usize = 4;

/// The square that a network sees, and its map.
#[derive(Clone)]
pub struct HeatTextures {
    pub square: TextureHandle,
    pub heat: TextureHandle,
}

/// The last maps, uploaded once.
#[derive(Default)]
pub struct HeatCache {
    kept: Vec<(Arc<Explanation>, HeatTextures)>,
}

impl HeatCache {
    pub fn get(&mut self, ctx: &egui::Context, explanation: &Arc<Explanation>) -> HeatTextures {
        let known = self
            .kept
            .iter()
            .find(|(kept, _)| Arc::ptr_eq(kept, explanation));
        if let Some((_, textures)) = known {
            return textures.clone();
        }
        let square = &explanation.square;
        let size = [square.width as usize, square.height as usize];
        let rgba: Vec<u8> = explanation
            .heat
            .iter()
            .flat_map(|&strength| tokens::heat(strength))
            .collect();
        let textures = HeatTextures {
            square: ctx.load_texture(
                "square",
                ColorImage::from_rgb(size, &square.rgb),
                TextureOptions::LINEAR,
            ),
            heat: ctx.load_texture(
                "heat",
                ColorImage::from_rgba_unmultiplied(size, &rgba),
                TextureOptions::LINEAR,
            ),
        };
        if self.kept.len() >= KEPT {
            self.kept.remove(0);
        }
        self.kept.push((explanation.clone(), textures.clone()));
        textures
    }
}
