//! A listener that writes a run's folder while it trains.
