-- Services that were deleted, alone or with their domain, and not made again: their certificates
-- still run, and must not count.
CREATE TABLE departed_service (
    domain text COLLATE "C" NOT NULL,
    service text COLLATE "C" NOT NULL,
    PRIMARY KEY (domain, service)
);
