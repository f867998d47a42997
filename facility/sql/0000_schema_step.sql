-- Which schema steps this database has taken. Run before every migration, so it only ever adds.
CREATE SCHEMA IF NOT EXISTS migration;
CREATE SCHEMA IF NOT EXISTS report;
COMMENT ON SCHEMA report IS 'Views that the domains publish; the dashboard reads these and nothing else.';

CREATE TABLE IF NOT EXISTS migration.step (
    package    text        NOT NULL,
    number     integer     NOT NULL,
    part       text        NOT NULL CHECK (part IN ('', 'timescale', 'community')),
    name       text        NOT NULL,
    sha256     text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (package, number, part)
);
COMMENT ON COLUMN migration.step.part IS 'empty: every server; timescale, community: only where that edition is present';
