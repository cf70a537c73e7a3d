//! What every Athenz server needs: listener, authorities, limits, access log, errors on the wire, metrics, configuration.
