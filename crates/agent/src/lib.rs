//! The agent of a host: identity certificates (SIA) and signed policies (ZPU) on disk.
