-- An app that shows codes, and what is written down for whoever loses it.
CREATE TABLE second_factor (
    member_id UUID NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    last_step BIGINT NOT NULL,
    tries INTEGER NOT NULL,
    tries_since BIGINT NOT NULL,
    PRIMARY KEY (member_id),
    FOREIGN KEY (member_id) REFERENCES member (id) ON DELETE CASCADE
);

CREATE TABLE recovery_code (
    member_id UUID NOT NULL,
    code_hash TEXT NOT NULL,
    PRIMARY KEY (member_id, code_hash),
    FOREIGN KEY (member_id) REFERENCES member (id) ON DELETE CASCADE
) {keyed};

-- Whether whoever signed in has shown a code too.
ALTER TABLE session ADD COLUMN second_factor BOOLEAN NOT NULL DEFAULT FALSE;
