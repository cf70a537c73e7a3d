//! The engine against plain definitions of its rules, worked examples and golden vectors.

mod allocations;
mod cases;
mod examples;
mod globs;
mod member_lists;
mod plain;
mod vectors;
mod world;
