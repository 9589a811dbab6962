//! Faults that are told when an expression is loaded.
