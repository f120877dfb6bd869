//! What draws the window: a graphics card where there is one, else the processor by the quicker of two ways.

#![allow(
    unsafe_code,
    reason = "asks OpenGL for its name, which takes a call that the crate can't check"
)]

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use eframe::glow::{self, HasContext as _};
use eframe::{egui_wgpu, wgpu};

/// Where the processor draws, a frame takes the cores from the training: progress alone is drawn this seldom. (On two cores
/// a frame of 1280 x 800 takes a twentieth of a second by OpenGL; ten of them a second would take half of a training's
/// time.)
pub(in crate::app) const SLOW_PROGRESS: Duration = Duration::from_secs(2);

/// A way to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) enum Way {
    /// The graphics card's modern interface (Vulkan, Metal, DirectX).
    Card,
    /// OpenGL: older graphics cards; and where the processor has to draw, it does so in a third of the time.
    OpenGl,
    /// The modern interface by the processor, where there is nothing else.
    Processor,
}

impl Way {
    /// The best one first.
    pub const ALL: [Self; 3] = [Self::Card, Self::OpenGl, Self::Processor];

    pub fn options(self) -> eframe::NativeOptions {
        let mut options = eframe::NativeOptions {
            renderer: match self {
                Self::Card | Self::Processor => eframe::Renderer::Wgpu,
                Self::OpenGl => eframe::Renderer::Glow,
            },
            ..eframe::NativeOptions::default()
        };
        if self == Self::Card
            && let egui_wgpu::WgpuSetup::CreateNew(setup) = &mut options.wgpu_options.wgpu_setup
        {
            setup.native_adapter_selector = Some(Arc::new(|adapters, surface| {
                let fitting: Vec<&wgpu::Adapter> = adapters
                    .iter()
                    .filter(|adapter| {
                        surface.is_none_or(|surface| adapter.is_surface_supported(surface))
                    })
                    .collect();
                let kinds: Vec<wgpu::DeviceType> = fitting
                    .iter()
                    .map(|adapter| adapter.get_info().device_type)
                    .collect();
                let best = best_card(&kinds).ok_or("there is no graphics card")?;
                Ok(fitting[best].clone())
            }));
        }
        options
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Card => "graphics card",
            Self::OpenGl => "OpenGL",
            Self::Processor => "processor",
        })
    }
}

/// The index of the quickest; the first one of its kind, none where only the processor draws.
fn best_card(kinds: &[wgpu::DeviceType]) -> Option<usize> {
    let rank = |kind: wgpu::DeviceType| match kind {
        wgpu::DeviceType::DiscreteGpu => Some(0),
        wgpu::DeviceType::IntegratedGpu => Some(1),
        wgpu::DeviceType::VirtualGpu => Some(2),
        wgpu::DeviceType::Other => Some(3),
        wgpu::DeviceType::Cpu => None,
    };
    let ranked = kinds
        .iter()
        .enumerate()
        .filter_map(|(index, &kind)| Some((rank(kind)?, index)));
    ranked.min().map(|(_, index)| index)
}

/// Whether no graphics card draws.
pub(in crate::app) fn is_by_the_processor(creation: &eframe::CreationContext<'_>) -> bool {
    if let Some(state) = &creation.wgpu_render_state {
        return state.adapter.get_info().device_type == wgpu::DeviceType::Cpu;
    }
    creation.gl.as_ref().is_some_and(|gl| {
        // SAFETY: the context is the window's own and current while its content is created; every OpenGL has this name.
        let name = unsafe { gl.get_parameter_string(glow::RENDERER) };
        is_software(&name)
    })
}

/// The names of the programs that draw OpenGL without a card: Mesa's, Google's and Microsoft's.
fn is_software(name: &str) -> bool {
    let name = name.to_lowercase();
    [
        "llvmpipe",
        "softpipe",
        "swrast",
        "software",
        "swiftshader",
        "gdi generic",
        "basic render",
    ]
    .iter()
    .any(|known| name.contains(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_taken_before_the_processor() {
        use wgpu::DeviceType::{Cpu, DiscreteGpu, IntegratedGpu, Other};
        assert_eq!(best_card(&[Cpu]), None);
        assert_eq!(best_card(&[]), None);
        assert_eq!(best_card(&[Cpu, IntegratedGpu, DiscreteGpu]), Some(2));
        assert_eq!(best_card(&[IntegratedGpu, Cpu, IntegratedGpu]), Some(0));
        assert_eq!(best_card(&[Cpu, Other]), Some(1));
    }

    #[test]
    fn programs_that_draw_are_told_from_cards() {
        for name in [
            "llvmpipe (LLVM 15.0.6, 256 bits)",
            "Google SwiftShader",
            "Mesa Software Rasterizer",
            "GDI Generic",
        ] {
            assert!(is_software(name), "{name}");
        }
        for name in [
            "NVIDIA GeForce GTX 1060/PCIe/SSE2",
            "Mesa Intel(R) UHD Graphics 620",
        ] {
            assert!(!is_software(name), "{name}");
        }
    }
}
