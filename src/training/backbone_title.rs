//! What people call a backbone.

use crate::models::catalogue;

/// "EfficientNet-Lite0" for `efficientnet_lite0`; the name itself where the catalogue has no such backbone.
pub fn backbone_title(name: &str) -> String {
    catalogue::find(name).map_or_else(|| name.to_owned(), |info| info.title.to_owned())
}
