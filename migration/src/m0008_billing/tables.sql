-- What an organisation pays for, as Stripe last said it, and whether its stores may send.
CREATE TABLE billing_account (
    organisation_id UUID NOT NULL,
    customer_id TEXT,
    subscription_id TEXT,
    status TEXT NOT NULL,
    plan TEXT NOT NULL,
    cycle TEXT NOT NULL,
    currency TEXT NOT NULL,
    price_minor BIGINT NOT NULL,
    anchor BIGINT NOT NULL,
    period_end BIGINT,
    trial_end BIGINT,
    cancel_at BIGINT,
    past_due_since BIGINT,
    ended_at BIGINT,
    subscribed_at BIGINT,
    next_plan TEXT,
    beyond BOOLEAN NOT NULL,
    hold TEXT,
    hold_until BIGINT,
    contacts BIGINT NOT NULL,
    judge_at BIGINT NOT NULL,
    news BIGINT NOT NULL,
    ask_at BIGINT NOT NULL,
    asked_at BIGINT,
    attempts INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organisation_id),
    UNIQUE (customer_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id)
);
CREATE INDEX billing_account_judge ON billing_account (judge_at);
CREATE INDEX billing_account_ask ON billing_account (ask_at) WHERE customer_id IS NOT NULL;

-- What Stripe told us of; the key drops repeats.
CREATE TABLE billing_event (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    customer_id TEXT,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (id)
) {keyed};
CREATE INDEX billing_event_received ON billing_event (received_at);

-- Messages of a store that their channel accepted, by the hour it did; how many of them are added up, and how many Stripe is told of.
CREATE TABLE usage_hour (
    store_id UUID NOT NULL,
    channel TEXT NOT NULL,
    hour BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    counted BIGINT NOT NULL,
    reported BIGINT NOT NULL,
    PRIMARY KEY (store_id, channel, hour),
    FOREIGN KEY (store_id) REFERENCES store (id)
) {keyed};
CREATE INDEX usage_hour_new ON usage_hour (hour) WHERE accepted > counted;
CREATE INDEX usage_hour_unreported ON usage_hour (hour) WHERE accepted > reported;

-- The same, added up over a month of the organisation's plan.
CREATE TABLE usage_period (
    organisation_id UUID NOT NULL,
    period_start BIGINT NOT NULL,
    store_id UUID NOT NULL,
    channel TEXT NOT NULL,
    units BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, period_start, store_id, channel),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (store_id) REFERENCES store (id)
) {keyed};

-- What owners were told, once each.
CREATE TABLE billing_notice (
    organisation_id UUID NOT NULL,
    since BIGINT NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, since, kind),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id)
) {keyed};

-- What Stripe's meters are to be told: written once, handed over until it is known to have arrived.
CREATE TABLE meter_report (
    organisation_id UUID NOT NULL,
    identifier TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    meter TEXT NOT NULL,
    hour BIGINT NOT NULL,
    units BIGINT NOT NULL,
    status INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    tried_at BIGINT,
    due_at BIGINT NOT NULL,
    said TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, identifier),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id)
);
CREATE INDEX meter_report_due ON meter_report (due_at) WHERE status = 0;
CREATE INDEX meter_report_hour ON meter_report (organisation_id, hour);

-- Whether a store's messages wait, and until when; beside the settings, since each worker reads it with them.
ALTER TABLE store ADD COLUMN hold TEXT;
ALTER TABLE store ADD COLUMN hold_until BIGINT;

-- Each billed unit is a message, found by when its channel accepted it.
CREATE INDEX message_sent ON message (store_id, sent_at DESC, id DESC) WHERE status = 3;
