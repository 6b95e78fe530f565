-- A key of a device or a password manager (WebAuthn) that signs its member in.
CREATE TABLE passkey (
    id UUID NOT NULL,
    member_id UUID NOT NULL,
    credential TEXT NOT NULL,
    public_key TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (id),
    FOREIGN KEY (member_id) REFERENCES member (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX passkey_credential ON passkey (credential);

CREATE INDEX passkey_member ON passkey (member_id);

-- An account elsewhere that signs its member in: whom a provider (issuer) calls so (subject).
CREATE TABLE member_identity (
    id UUID NOT NULL,
    member_id UUID NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    email TEXT,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (id),
    FOREIGN KEY (member_id) REFERENCES member (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX member_identity_subject ON member_identity (issuer, subject);

CREATE INDEX member_identity_member ON member_identity (member_id);
