-- Somebody who was asked to join an organisation.
CREATE TABLE invitation (
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    invited_by UUID NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (organisation_id, id),
    UNIQUE (token_hash),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id) ON DELETE CASCADE
);

-- What was done in an organisation; each entry is bound to the one before. It outlives those it speaks of.
CREATE TABLE audit_entry (
    organisation_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    store_id UUID,
    subject TEXT,
    commitment TEXT NOT NULL,
    salt TEXT,
    detail TEXT,
    hash TEXT NOT NULL,
    PRIMARY KEY (organisation_id, seq)
) {keyed};
