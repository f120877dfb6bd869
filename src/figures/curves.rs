//! Loss and accuracy over epochs as a figure.
