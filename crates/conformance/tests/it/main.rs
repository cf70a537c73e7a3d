//! The player against itself: values, certificates, and recordings answered from their own expectations.

#[cfg(test)]
mod mock;
#[cfg(test)]
mod selfplay;
#[cfg(test)]
mod values;
#[cfg(test)]
mod waiting;
