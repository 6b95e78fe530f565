-- A draft of a journey played over past events, with nothing sent. Kept for a day.
-- status: 0 waits, 1 is worked on, 2 done, 3 cancelled, 4 failed. The owner's lease is renewed with each slice of the work; one that
-- is over says that its process died, and the work is begun anew by another.
CREATE TABLE dry_run (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    journey_id UUID NOT NULL,
    definition TEXT NOT NULL,
    days INTEGER NOT NULL,
    status INTEGER NOT NULL,
    reason TEXT,
    begins_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    people BIGINT,
    done BIGINT NOT NULL,
    events BIGINT NOT NULL,
    attempt INTEGER NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT,
    created_by UUID,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE CASCADE,
    FOREIGN KEY (store_id, journey_id) REFERENCES journey (store_id, id) ON DELETE CASCADE
);
-- One at a time of each store.
CREATE UNIQUE INDEX dry_run_going ON dry_run (store_id) WHERE status < 2;
CREATE INDEX dry_run_claim ON dry_run (created_at) WHERE status < 2;
CREATE INDEX dry_run_age ON dry_run (created_at);
CREATE INDEX dry_run_journey ON dry_run (store_id, journey_id, created_at DESC);

-- One number a dry run has come to, and some of the carts behind it.
CREATE TABLE dry_run_number (
    store_id UUID NOT NULL,
    dry_run_id UUID NOT NULL,
    place INTEGER NOT NULL,
    kind TEXT NOT NULL,
    node TEXT,
    channel TEXT,
    reason TEXT,
    n BIGINT NOT NULL,
    of_carts BIGINT NOT NULL,
    carts TEXT NOT NULL,
    PRIMARY KEY (store_id, dry_run_id, place),
    FOREIGN KEY (store_id, dry_run_id) REFERENCES dry_run (store_id, id) ON DELETE CASCADE
);
