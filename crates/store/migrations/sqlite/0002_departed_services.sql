-- Services that were deleted, alone or with their domain, and not made again: their certificates
-- still run, and must not count.
CREATE TABLE departed_service (
    domain TEXT NOT NULL,
    service TEXT NOT NULL,
    PRIMARY KEY (domain, service)
) WITHOUT ROWID;
