//! Local decisions from a token and signed policies, without the network.
