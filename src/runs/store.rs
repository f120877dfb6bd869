//! The folder of all runs: listed, opened, compared.
