-- A browser that may be notified. `browser` is its own random token, the one its carts are bound to: it is told of those, and of others of the
-- contact only when the shop's server has vouched, by the id in `visitor`, that the browser is theirs.
CREATE TABLE push_device (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    contact_id UUID NOT NULL,
    endpoint TEXT NOT NULL,
    endpoint_hash TEXT NOT NULL,
    p256dh TEXT NOT NULL,
    auth TEXT NOT NULL,
    browser TEXT NOT NULL,
    visitor TEXT NOT NULL,
    vouched BOOLEAN NOT NULL,
    label TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, endpoint_hash),
    FOREIGN KEY (store_id, contact_id) REFERENCES contact (store_id, id)
);
CREATE INDEX push_device_contact ON push_device (store_id, contact_id);
CREATE INDEX push_device_visitor ON push_device (store_id, visitor);
CREATE INDEX push_device_seen ON push_device (seen_at);

-- Which browser a try went to, where a message goes to several.
ALTER TABLE message_attempt ADD COLUMN device_id UUID;

-- The public half of the store's pair of keys for web push.
ALTER TABLE store ADD COLUMN push_key TEXT;
