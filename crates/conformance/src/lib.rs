//! Plays recorded exchanges of the reference servers against a server and compares.
