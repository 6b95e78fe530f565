-- Who signs up and pays: a merchant or an agency.
CREATE TABLE organisation (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id)
);

-- One shop: the tenant that customer data belongs to.
CREATE TABLE store (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    name TEXT NOT NULL,
    sandbox BOOLEAN NOT NULL,
    public_key TEXT NOT NULL,
    write_key_hash TEXT NOT NULL,
    lane INTEGER NOT NULL,
    settings JSON NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (public_key),
    UNIQUE (write_key_hash),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id)
);
CREATE INDEX store_organisation ON store (organisation_id);

-- A person who signs in.
CREATE TABLE member (
    id UUID NOT NULL,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    language TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (email)
);

-- What a member may do in an organisation.
CREATE TABLE membership (
    member_id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (member_id, organisation_id),
    FOREIGN KEY (member_id) REFERENCES member (id) ON DELETE CASCADE,
    FOREIGN KEY (organisation_id) REFERENCES organisation (id) ON DELETE CASCADE
);
CREATE INDEX membership_organisation ON membership (organisation_id);

-- A signed-in session: one family of rotating refresh tokens.
CREATE TABLE session (
    id UUID NOT NULL,
    member_id UUID NOT NULL,
    token_hash TEXT NOT NULL,
    previous_hash TEXT,
    rotated_at BIGINT NOT NULL,
    successor_used BOOLEAN NOT NULL,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (id),
    UNIQUE (token_hash),
    FOREIGN KEY (member_id) REFERENCES member (id) ON DELETE CASCADE
);
CREATE INDEX session_previous ON session (previous_hash);
CREATE INDEX session_member ON session (member_id);

-- A key of the GraphQL API.
CREATE TABLE api_key (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    store_id UUID,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    expires_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (id),
    UNIQUE (key_hash),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id) ON DELETE CASCADE
);

-- A credential of a store, sealed by the master key.
CREATE TABLE store_secret (
    store_id UUID NOT NULL,
    kind TEXT NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (store_id, kind),
    FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE CASCADE
);

-- When something of a store was last seen: snippet, webhook, first cart.
CREATE TABLE store_signal (
    store_id UUID NOT NULL,
    name TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (store_id, name),
    FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE CASCADE
) {keyed};

-- A business account that contacts act for.
CREATE TABLE company (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    external_key TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, external_key),
    FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE CASCADE
);

-- A shopper, anonymous or known.
CREATE TABLE contact (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    email TEXT,
    phone TEXT,
    external_id TEXT,
    first_name TEXT,
    last_name TEXT,
    locale TEXT,
    country TEXT,
    time_zone TEXT,
    company_id UUID,
    traits JSON NOT NULL,
    tags JSON NOT NULL,
    bot BOOLEAN NOT NULL,
    test BOOLEAN NOT NULL,
    staff BOOLEAN NOT NULL,
    orders_count INTEGER NOT NULL,
    last_order_at BIGINT,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    merged_into UUID,
    erased_at BIGINT,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE CASCADE,
    FOREIGN KEY (store_id, company_id) REFERENCES company (store_id, id)
);
CREATE INDEX contact_seen ON contact (store_id, last_seen_at DESC, id DESC);
CREATE INDEX contact_email ON contact (store_id, email) WHERE email IS NOT NULL;

-- What a contact is known by; each value belongs to one contact of a store.
CREATE TABLE contact_identity (
    store_id UUID NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    contact_id UUID NOT NULL,
    PRIMARY KEY (store_id, kind, value),
    FOREIGN KEY (store_id, contact_id) REFERENCES contact (store_id, id)
) {keyed};
CREATE INDEX contact_identity_contact ON contact_identity (store_id, contact_id);

-- An immutable fact as it came in. The id is a hash of source and source id, so the key itself drops repeats.
CREATE TABLE event (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    contact_id UUID,
    cart_id UUID,
    occurred_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    raw TEXT NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE CASCADE
);
CREATE INDEX event_contact ON event (store_id, contact_id, occurred_at);
CREATE INDEX event_cart ON event (store_id, cart_id, occurred_at) WHERE cart_id IS NOT NULL;

-- Anything that can be left unfinished: cart, checkout or quote.
CREATE TABLE cart (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    contact_id UUID,
    currency TEXT NOT NULL,
    total_minor BIGINT NOT NULL,
    item_count INTEGER NOT NULL,
    items TEXT NOT NULL,
    source_at BIGINT NOT NULL,
    last_activity_at BIGINT NOT NULL,
    idle_at BIGINT,
    abandoned_at BIGINT,
    finished_at BIGINT,
    order_id UUID,
    recovered_by TEXT,
    recovery_url TEXT,
    valid_until BIGINT,
    company_id UUID,
    approver TEXT,
    number TEXT,
    step TEXT,
    coupon TEXT,
    source TEXT NOT NULL,
    bot BOOLEAN NOT NULL,
    test BOOLEAN NOT NULL,
    staff BOOLEAN NOT NULL,
    entries INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE CASCADE,
    FOREIGN KEY (store_id, contact_id) REFERENCES contact (store_id, id),
    FOREIGN KEY (store_id, company_id) REFERENCES company (store_id, id)
) {fill:80};
CREATE INDEX cart_idle ON cart (idle_at, store_id, id) WHERE idle_at IS NOT NULL;
CREATE INDEX cart_list ON cart (store_id, updated_at DESC, id DESC);
CREATE INDEX cart_status ON cart (store_id, status, updated_at DESC, id DESC);
CREATE INDEX cart_contact ON cart (store_id, contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX cart_number ON cart (store_id, number) WHERE number IS NOT NULL;

-- The tokens a cart answers to. A finished cart gives its tokens up to the next one.
CREATE TABLE cart_key (
    store_id UUID NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    cart_id UUID NOT NULL,
    PRIMARY KEY (store_id, kind, value),
    FOREIGN KEY (store_id, cart_id) REFERENCES cart (store_id, id)
) {keyed};
CREATE INDEX cart_key_cart ON cart_key (store_id, cart_id);

-- A purchase.
CREATE TABLE shop_order (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    external_id TEXT NOT NULL,
    number TEXT,
    state TEXT NOT NULL,
    contact_id UUID,
    cart_id UUID,
    currency TEXT NOT NULL,
    total_minor BIGINT NOT NULL,
    refunded_minor BIGINT NOT NULL,
    lines JSON NOT NULL,
    coupons JSON NOT NULL,
    source TEXT NOT NULL,
    source_at BIGINT NOT NULL,
    placed_at BIGINT NOT NULL,
    cancelled_at BIGINT,
    test BOOLEAN NOT NULL,
    click_message_id UUID,
    window_message_id UUID,
    held_out BOOLEAN,
    journey_id UUID,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, external_id),
    FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE CASCADE,
    FOREIGN KEY (store_id, contact_id) REFERENCES contact (store_id, id)
);
CREATE INDEX shop_order_placed ON shop_order (store_id, placed_at DESC, id DESC);
CREATE INDEX shop_order_contact ON shop_order (store_id, contact_id, placed_at);

-- One refund; its key makes it count once.
CREATE TABLE order_refund (
    store_id UUID NOT NULL,
    order_id UUID NOT NULL,
    refund_id TEXT NOT NULL,
    minor BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (store_id, order_id, refund_id),
    FOREIGN KEY (store_id, order_id) REFERENCES shop_order (store_id, id) ON DELETE CASCADE
) {keyed};

-- The consent ledger: append-only, each entry chained to the one before it.
CREATE TABLE consent_event (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    sequence BIGINT NOT NULL,
    contact_id UUID NOT NULL,
    channel TEXT NOT NULL,
    purpose TEXT NOT NULL,
    action TEXT NOT NULL,
    method TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    wording TEXT,
    place TEXT,
    evidence JSON NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, sequence),
    FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE CASCADE,
    FOREIGN KEY (store_id, contact_id) REFERENCES contact (store_id, id)
);
CREATE INDEX consent_event_contact ON consent_event (store_id, contact_id, occurred_at);

-- A standing no. The address is kept as a keyed hash, so it outlives erasure.
CREATE TABLE suppression (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    channel TEXT NOT NULL,
    address_hash TEXT NOT NULL,
    reason TEXT NOT NULL,
    message_id UUID,
    created_at BIGINT NOT NULL,
    lifted_at BIGINT,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, channel, address_hash),
    FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE CASCADE
);

-- Content in one language; a change is a new version.
CREATE TABLE template (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    key TEXT NOT NULL,
    language TEXT NOT NULL,
    formality TEXT NOT NULL,
    channel TEXT NOT NULL,
    version INTEGER NOT NULL,
    subject TEXT NOT NULL,
    preheader TEXT NOT NULL,
    mjml TEXT NOT NULL,
    html TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, key, language, formality, version),
    FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE CASCADE
);

-- A drawn graph and whether it runs.
CREATE TABLE journey (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    current_version_id UUID,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE CASCADE
);

-- The immutable published form of a journey.
CREATE TABLE journey_version (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    journey_id UUID NOT NULL,
    number INTEGER NOT NULL,
    definition TEXT NOT NULL,
    hash TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    published_by UUID,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, journey_id, number),
    FOREIGN KEY (store_id, journey_id) REFERENCES journey (store_id, id) ON DELETE CASCADE
);

-- One cart's passage through a version. The id is a hash of journey and entry key, so the key itself admits an entry once.
CREATE TABLE journey_run (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    journey_id UUID NOT NULL,
    version_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    cart_id UUID,
    entry INTEGER NOT NULL,
    node TEXT NOT NULL,
    visit INTEGER NOT NULL,
    status INTEGER NOT NULL,
    wake_at BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT,
    attempt INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    held_out BOOLEAN,
    entered_at BIGINT NOT NULL,
    ended_at BIGINT,
    end_reason TEXT,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, contact_id) REFERENCES contact (store_id, id),
    FOREIGN KEY (store_id, cart_id) REFERENCES cart (store_id, id),
    FOREIGN KEY (store_id, version_id) REFERENCES journey_version (store_id, id)
) {fill:70};
CREATE INDEX journey_run_due ON journey_run (lane, wake_at, id) WHERE status = 0;
CREATE INDEX journey_run_leased ON journey_run (lease_until) WHERE status = 1;
CREATE INDEX journey_run_cart ON journey_run (store_id, cart_id) WHERE cart_id IS NOT NULL;
CREATE INDEX journey_run_contact ON journey_run (store_id, contact_id, journey_id);

-- What a run remembers, apart from the hot row.
CREATE TABLE run_context (
    store_id UUID NOT NULL,
    run_id UUID NOT NULL,
    data JSON NOT NULL,
    PRIMARY KEY (store_id, run_id),
    FOREIGN KEY (store_id, run_id) REFERENCES journey_run (store_id, id) ON DELETE CASCADE
) {keyed};

-- Which event wakes a run.
CREATE TABLE run_wait (
    store_id UUID NOT NULL,
    event TEXT NOT NULL,
    key TEXT NOT NULL,
    run_id UUID NOT NULL,
    PRIMARY KEY (store_id, event, key, run_id),
    FOREIGN KEY (store_id, run_id) REFERENCES journey_run (store_id, id) ON DELETE CASCADE
) {keyed};
CREATE INDEX run_wait_run ON run_wait (store_id, run_id);

-- The timeline of a run: what was decided, with the values that decided it.
CREATE TABLE run_step (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    run_id UUID NOT NULL,
    node TEXT NOT NULL,
    visit INTEGER NOT NULL,
    at BIGINT NOT NULL,
    decision TEXT NOT NULL,
    detail JSON NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, run_id) REFERENCES journey_run (store_id, id) ON DELETE CASCADE
);
CREATE INDEX run_step_run ON run_step (store_id, run_id, at);

-- How many passed a node, kept with each step; can be rebuilt from `run_step`.
CREATE TABLE node_count (
    store_id UUID NOT NULL,
    version_id UUID NOT NULL,
    node TEXT NOT NULL,
    outcome TEXT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (store_id, version_id, node, outcome),
    FOREIGN KEY (store_id, version_id) REFERENCES journey_version (store_id, id) ON DELETE CASCADE
) {keyed};

-- One hand-over to one channel, with its evidence: the outbox.
CREATE TABLE message (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    send_key TEXT NOT NULL,
    run_id UUID,
    journey_id UUID,
    version_id UUID,
    node TEXT NOT NULL,
    contact_id UUID NOT NULL,
    cart_id UUID,
    channel TEXT NOT NULL,
    purpose TEXT NOT NULL,
    content_class TEXT NOT NULL,
    template_key TEXT NOT NULL,
    template_id UUID,
    subject TEXT,
    status INTEGER NOT NULL,
    next_at BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT,
    attempt INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    provider_id TEXT,
    evidence JSON,
    reason TEXT,
    refusal JSON,
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    delivered_at BIGINT,
    bounced_at BIGINT,
    opened_at BIGINT,
    clicked_at BIGINT,
    unsubscribed_at BIGINT,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, send_key),
    FOREIGN KEY (store_id, contact_id) REFERENCES contact (store_id, id),
    FOREIGN KEY (store_id, cart_id) REFERENCES cart (store_id, id)
) {fill:70};
CREATE INDEX message_due ON message (lane, next_at, id) WHERE status = 0;
CREATE INDEX message_leased ON message (lease_until) WHERE status = 1 OR status = 2;
CREATE INDEX message_cart ON message (store_id, cart_id) WHERE cart_id IS NOT NULL;
CREATE INDEX message_contact ON message (store_id, contact_id, sent_at);
CREATE INDEX message_list ON message (store_id, created_at DESC, id DESC);
CREATE INDEX message_run ON message (store_id, run_id) WHERE run_id IS NOT NULL;

-- What was handed over, word for word.
CREATE TABLE message_content (
    store_id UUID NOT NULL,
    message_id UUID NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    headers JSON NOT NULL,
    html TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (store_id, message_id),
    FOREIGN KEY (store_id, message_id) REFERENCES message (store_id, id) ON DELETE CASCADE
);

-- One try of a hand-over, written before the call.
CREATE TABLE message_attempt (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    message_id UUID NOT NULL,
    number INTEGER NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    outcome TEXT,
    reply TEXT,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, message_id, number),
    FOREIGN KEY (store_id, message_id) REFERENCES message (store_id, id) ON DELETE CASCADE
);

-- What came back for a message.
CREATE TABLE message_receipt (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    message_id UUID NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    machine TEXT,
    link INTEGER,
    user_agent TEXT,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, message_id) REFERENCES message (store_id, id) ON DELETE CASCADE
);
CREATE INDEX message_receipt_message ON message_receipt (store_id, message_id, at);

-- Where the links of a message lead; a click is looked up here, never read from the address.
CREATE TABLE message_link (
    store_id UUID NOT NULL,
    message_id UUID NOT NULL,
    number INTEGER NOT NULL,
    url TEXT NOT NULL,
    PRIMARY KEY (store_id, message_id, number),
    FOREIGN KEY (store_id, message_id) REFERENCES message (store_id, id) ON DELETE CASCADE
) {keyed};

-- A link that opens one cart on any device.
CREATE TABLE restore_link (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    token_hash TEXT NOT NULL,
    cart_id UUID NOT NULL,
    message_id UUID,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    failed TEXT,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, token_hash),
    FOREIGN KEY (store_id, cart_id) REFERENCES cart (store_id, id)
);

-- Daily roll-ups; can be rebuilt from the rows they count.
CREATE TABLE metric_day (
    store_id UUID NOT NULL,
    day INTEGER NOT NULL,
    metric TEXT NOT NULL,
    journey TEXT NOT NULL,
    currency TEXT NOT NULL,
    n BIGINT NOT NULL,
    minor BIGINT NOT NULL,
    squares DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (store_id, day, metric, journey, currency),
    FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE CASCADE
) {fill:70} {keyed};

-- A request of a person or a platform for access or erasure.
CREATE TABLE privacy_request (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    contact_id UUID,
    payload JSON NOT NULL,
    received_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    completed_at BIGINT,
    outcome TEXT,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, source, source_id),
    FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE CASCADE
);
CREATE INDEX privacy_request_due ON privacy_request (store_id, due_at);
