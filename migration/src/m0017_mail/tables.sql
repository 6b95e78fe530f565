-- A mail server a store sends by; the first in order that is not in trouble takes a message. `sealed` holds how to sign in. While
-- `off_at` is set it carries nothing. `warm_from` and `warm_first` are its plan for warming up. `checked*` say what the latest check came
-- to, `down*` until when workers leave it alone.
CREATE TABLE mail_provider (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    service TEXT NOT NULL,
    position INTEGER NOT NULL,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    security TEXT NOT NULL,
    sender TEXT,
    sealed TEXT NOT NULL,
    off_at BIGINT,
    warm_from BIGINT,
    warm_first INTEGER NOT NULL,
    checked_at BIGINT,
    checked TEXT,
    checked_said TEXT,
    down_until BIGINT,
    down_said TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id) REFERENCES store (id)
);

-- How far a queue of a store is booked: a group of recipients' domains, the warm-up of a provider, or the store as a whole while it is
-- slowed. `window_at` is the last window with bookings, `used` how many it has. Answers of "too many" raise `slow_level` until `slow_until`.
CREATE TABLE mail_pace (
    store_id UUID NOT NULL,
    scope TEXT NOT NULL,
    window_at BIGINT NOT NULL,
    used INTEGER NOT NULL,
    slow_level INTEGER NOT NULL,
    slow_until BIGINT NOT NULL,
    PRIMARY KEY (store_id, scope),
    FOREIGN KEY (store_id) REFERENCES store (id)
) {fill:70};

-- What comes back to a store. `hook_round` grows when its addresses are replaced. Since `resumed_at` its mail is judged anew; what had been
-- counted on that day before is `base_*`.
CREATE TABLE mail_desk (
    store_id UUID NOT NULL,
    hook_round INTEGER NOT NULL,
    reported_at BIGINT,
    resumed_at BIGINT,
    base_sent BIGINT NOT NULL,
    base_bounced BIGINT NOT NULL,
    base_complained BIGINT NOT NULL,
    PRIMARY KEY (store_id),
    FOREIGN KEY (store_id) REFERENCES store (id)
);

-- Whether a store has a server of its own that is on, and why it sends slowly or not at all: `warned`, `slow` or `paused`, a space, `bounces`
-- or `complaints`.
ALTER TABLE store ADD COLUMN mail_own BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE store ADD COLUMN mail_guard TEXT;
ALTER TABLE store ADD COLUMN mail_guard_at BIGINT;

-- By which server a try was made, and whose fault its failure was.
ALTER TABLE message_attempt ADD COLUMN provider_id UUID;
ALTER TABLE message_attempt ADD COLUMN fault TEXT;

-- That it was reported as spam; that it came back for good (`hard`) or for now (`soft`).
ALTER TABLE message ADD COLUMN complained_at BIGINT;
ALTER TABLE message ADD COLUMN bounce TEXT;

-- What was said with a report, without addresses.
ALTER TABLE message_receipt ADD COLUMN detail TEXT;
