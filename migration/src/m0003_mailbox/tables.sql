-- What a mail carried to somebody's mailbox, so that only whoever reads it there can show it.
CREATE TABLE mail_token (
    token_hash TEXT NOT NULL,
    purpose TEXT NOT NULL,
    email TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (token_hash)
) {keyed};
CREATE INDEX mail_token_email ON mail_token (email, created_at);
CREATE INDEX mail_token_expires ON mail_token (expires_at);

-- Who has been asked to join, by whomever.
CREATE INDEX invitation_email ON invitation (email, created_at);

-- A mail of the service itself, sealed, until it is handed over.
CREATE TABLE service_mail (
    id UUID NOT NULL,
    sealed TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX service_mail_due ON service_mail (due_at);
