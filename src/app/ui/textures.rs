//! Pixels on the graphics card: a capped cache that forgets what was not drawn for longest.

use std::collections::HashMap;

use eframe::egui;

use crate::data::Pixels;

/// Names a picture's pixels: where they come from (a data set, a preview) and which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TextureKey {
    /// Changes whenever the same index means other pixels.
    pub generation: u64,
    pub index: usize,
}

/// Textures by key, at most `capacity` of them.
pub struct TextureCache {
    capacity: usize,
    clock: u64,
    entries: HashMap<TextureKey, (egui::TextureHandle, u64)>,
}

impl Default for TextureCache {
    fn default() -> Self {
        Self::new(512)
    }
}

impl TextureCache {
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            clock: 0,
            entries: HashMap::new(),
        }
    }

    /// The texture of `pixels`, uploaded when `key` is new. Nothing for pixels whose length does not fit their size.
    pub fn get(
        &mut self,
        ctx: &egui::Context,
        key: TextureKey,
        pixels: &Pixels,
    ) -> Option<egui::TextureHandle> {
        self.clock += 1;
        if let Some((texture, used)) = self.entries.get_mut(&key) {
            *used = self.clock;
            return Some(texture.clone());
        }
        let size = [pixels.width as usize, pixels.height as usize];
        if size[0] == 0 || size[1] == 0 || pixels.rgb.len() != size[0] * size[1] * 3 {
            return None;
        }
        let image = egui::ColorImage::from_rgb(size, &pixels.rgb);
        let texture = ctx.load_texture(
            format!("picture {} of {}", key.index, key.generation),
            image,
            egui::TextureOptions::LINEAR,
        );
        if self.entries.len() >= self.capacity {
            let oldest = self
                .entries
                .iter()
                .min_by_key(|(_, (_, used))| *used)
                .map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                self.entries.remove(&oldest);
            }
        }
        self.entries.insert(key, (texture.clone(), self.clock));
        Some(texture)
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_that_was_not_drawn_for_longest_goes_first() {
        let ctx = egui::Context::default();
        let mut cache = TextureCache::new(2);
        let pixels = Pixels {
            width: 1,
            height: 1,
            rgb: vec![1, 2, 3],
        };
        let key = |index| TextureKey {
            generation: 0,
            index,
        };
        let first = cache.get(&ctx, key(0), &pixels).unwrap();
        assert!(cache.get(&ctx, key(1), &pixels).is_some());
        assert_eq!(cache.get(&ctx, key(0), &pixels).unwrap().id(), first.id());
        assert!(cache.get(&ctx, key(2), &pixels).is_some());
        assert_eq!(cache.len(), 2);
        assert!(cache.entries.contains_key(&key(0)) && !cache.entries.contains_key(&key(1)));
    }

    #[test]
    fn pixels_of_the_wrong_length_make_no_texture() {
        let pixels = Pixels {
            width: 2,
            height: 1,
            rgb: vec![0; 3],
        };
        let key = TextureKey {
            generation: 0,
            index: 0,
        };
        assert!(
            TextureCache::default()
                .get(&egui::Context::default(), key, &pixels)
                .is_none()
        );
    }
}
