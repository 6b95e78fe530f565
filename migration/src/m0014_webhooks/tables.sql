-- Where outgoing webhooks of a store go. `kinds` are the bits of what it has chosen. While `off_why` is set it is told nothing. `sealed` holds
-- its secret, and the one before for a day. The last four say how its answers were lately.
CREATE TABLE hook_endpoint (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    kinds INTEGER NOT NULL,
    sealed TEXT NOT NULL,
    old_until BIGINT,
    off_why TEXT,
    off_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    failures INTEGER NOT NULL,
    failing_since BIGINT,
    failed_at BIGINT,
    resting_until BIGINT,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id) REFERENCES store (id)
);

-- One thing to tell one endpoint: the outbox. The id is a hash of endpoint and event, so a repeat is no second one; it is the
-- `webhook-id` of every attempt. `status`: 0 waits for next_at, 1 in hand, 2 delivered, 3 failed. `round` is the attempt after which it was
-- last replayed: the schedule counts from there.
CREATE TABLE hook_delivery (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    endpoint_id UUID NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    status INTEGER NOT NULL,
    next_at BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT,
    attempt INTEGER NOT NULL,
    round INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    reason TEXT,
    created_at BIGINT NOT NULL,
    done_at BIGINT,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, endpoint_id) REFERENCES hook_endpoint (store_id, id) ON DELETE CASCADE
) {fill:70};
CREATE INDEX hook_delivery_due ON hook_delivery (lane, next_at, id) WHERE status = 0;
CREATE INDEX hook_delivery_leased ON hook_delivery (lease_until) WHERE status = 1;
CREATE INDEX hook_delivery_list ON hook_delivery (store_id, endpoint_id, created_at DESC, id DESC);
CREATE INDEX hook_delivery_status ON hook_delivery (store_id, endpoint_id, status, created_at DESC, id DESC);
CREATE INDEX hook_delivery_old ON hook_delivery (created_at);

-- One try, written before the call.
CREATE TABLE hook_attempt (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    delivery_id UUID NOT NULL,
    number INTEGER NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    outcome TEXT,
    status INTEGER,
    answer TEXT,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, delivery_id) REFERENCES hook_delivery (store_id, id) ON DELETE CASCADE
);
CREATE INDEX hook_attempt_delivery ON hook_attempt (store_id, delivery_id, number);

-- What some endpoint of the store wants to hear of, so that nothing is asked where nobody listens.
ALTER TABLE store ADD COLUMN hooks INTEGER NOT NULL DEFAULT 0;
