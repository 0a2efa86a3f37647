-- All sending held until a person says otherwise: after a restore nobody knows what has left already (decision 0007)
-- depends: 0021_webhooks

-- migrate: apply
-- One row a hold, kept afterwards: the audit must know why messages of that time left late. Machine time, as for leases.
CREATE TABLE sending_hold (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reason text NOT NULL CHECK (reason IN ('restored', 'by_hand')),
    held_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    resumed_at timestamptz CHECK (resumed_at >= held_at)
);
-- At most one hold stands; the claim of a message looks here.
CREATE UNIQUE INDEX sending_hold_stands ON sending_hold ((true)) WHERE resumed_at IS NULL;

-- Whoever takes over a web process must not be able to let go what a person holds.
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'complaints_app') THEN
        REVOKE INSERT, UPDATE, DELETE ON sending_hold FROM complaints_app;
    END IF;
END $$;

-- migrate: rollback
DROP TABLE sending_hold;
