//! Optimizers on tensors, equal to PyTorch's.
