-- How a store's connection to its shop platform stands. `next_at` is when it is next caught up with by its API, null while there are no
-- credentials for that. Everything that changed there before `cursor_at` has been taken in; `place` says how far a round that was
-- interrupted had come. `wrong` is a word for what keeps it from working, `said` what the platform said of it. `hooks` and `reminders`
-- are JSON: webhooks as the platform lists them, and reminders of its own that it sends.
CREATE TABLE platform_link (
    store_id UUID NOT NULL,
    platform TEXT NOT NULL,
    connected_at BIGINT NOT NULL,
    heard_at BIGINT,
    refused_at BIGINT,
    refused TEXT,
    next_at BIGINT,
    cursor_at BIGINT NOT NULL,
    place TEXT NOT NULL,
    round_at BIGINT,
    failures INTEGER NOT NULL,
    wrong TEXT,
    said TEXT,
    wrong_at BIGINT,
    hooks TEXT NOT NULL,
    hooks_at BIGINT,
    reminders TEXT NOT NULL,
    reminders_at BIGINT,
    confirmed_at BIGINT,
    epoch BIGINT NOT NULL,
    lease_until BIGINT,
    PRIMARY KEY (store_id, platform),
    FOREIGN KEY (store_id) REFERENCES store (id)
) {fill:70};
CREATE INDEX platform_link_due ON platform_link (next_at) WHERE next_at IS NOT NULL;

-- A webhook that says only what changed and not how: the truth is fetched afterwards. The id is a hash of the platform's own, so that a
-- repeat is no second one. `next_at` is null once it was fetched.
CREATE TABLE platform_hint (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    resource TEXT NOT NULL,
    token TEXT,
    told_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    next_at BIGINT,
    attempt INTEGER NOT NULL,
    fetched_at BIGINT,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id) REFERENCES store (id)
) {fill:70};
CREATE INDEX platform_hint_due ON platform_hint (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX platform_hint_old ON platform_hint (received_at);
