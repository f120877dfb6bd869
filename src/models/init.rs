//! PyTorch's default initialisation.
