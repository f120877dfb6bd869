//! Panels driven by their accessible labels, as a person who does not see them would.
