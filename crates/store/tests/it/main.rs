//! What every store must do, tried on each of them.

mod contract;
mod killed;
mod node;
mod postgres;
mod random;
mod sqlite;
