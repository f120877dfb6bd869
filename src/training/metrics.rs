//! Loss and accuracy, accumulated over batches.
