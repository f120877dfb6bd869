//! Memory that features may take.

use tch::{Device, Kind, Tensor};

use crate::libtorch::cuda;
use crate::training::error::TrainingError;
use crate::training::out_of_memory::out_of_memory;

/// Bytes that features may take in memory, and whose memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::training) struct Room {
    /// Where the network computes.
    pub(super) device: Device,
    /// The machine's memory.
    pub(super) host: u64,
    /// A graphics card's own.
    pub(super) card: u64,
}

impl Room {
    /// `card` counts where `device` is a graphics card.
    pub fn new(device: Device, host: u64, card: u64) -> Self {
        let card = if device == Device::Cpu { 0 } else { card };
        Self { device, host, card }
    }

    /// Takes room for `bytes` and says on which device: beside the network, else in the machine's memory; `None` when neither
    /// has it.
    pub(super) fn take(&mut self, bytes: u64) -> Option<Device> {
        let (room, device) = if self.device != Device::Cpu && bytes <= self.card {
            (&mut self.card, self.device)
        } else {
            (&mut self.host, Device::Cpu)
        };
        *room = room.checked_sub(bytes)?;
        Some(device)
    }

    /// A tensor on the device that [`Self::take`] finds; in the machine's memory where a graphics card has less than it said.
    pub(super) fn tensor(
        &mut self,
        shape: &[i64],
        kind: Kind,
    ) -> Result<Option<Tensor>, TrainingError> {
        let numbers: i64 = shape.iter().product();
        let bytes = numbers.unsigned_abs() * kind.elt_size_in_bytes() as u64;
        let Some(device) = self.take(bytes) else {
            return Ok(None);
        };
        let made = Tensor::f_empty(shape, (kind, device)).map_err(TrainingError::from);
        match made {
            Err(error) if device != Device::Cpu && out_of_memory(&error).is_some() => {
                cuda::empty_cache(device);
                self.card = 0;
                self.tensor(shape, kind)
            }
            made => made.map(Some),
        }
    }

    /// What is left after `bytes` in the memory of `device`.
    pub(super) fn without(mut self, device: Device, bytes: u64) -> Self {
        let room = match device {
            Device::Cpu => &mut self.host,
            _ => &mut self.card,
        };
        *room = room.saturating_sub(bytes);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_stand_beside_the_network_while_there_is_room() {
        let card = Device::Cuda(0);
        let mut room = Room::new(card, 100, 50);
        assert_eq!(room.take(40), Some(card));
        assert_eq!(room.take(40), Some(Device::Cpu));
        assert_eq!(room.take(10), Some(card));
        assert_eq!(room.take(61), None);
        assert_eq!(room.take(60), Some(Device::Cpu));
        assert_eq!(room.without(card, 5), Room::new(card, 0, 0));
        // The processor has no card's memory, whatever is said of it.
        let mut room = Room::new(Device::Cpu, 10, 1_000);
        assert_eq!(room.take(11), None);
        assert_eq!(room.take(10), Some(Device::Cpu));
    }
}
