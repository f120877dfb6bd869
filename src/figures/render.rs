//! SVG text to SVG and PNG files at any size.
