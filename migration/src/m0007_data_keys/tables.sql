-- A key that seals values of one store, itself sealed ("wrapped") by a master key.
CREATE TABLE data_key (
    store_id UUID NOT NULL,
    id UUID NOT NULL,
    wrapped TEXT NOT NULL,
    wrapped_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE CASCADE
);

-- One of them seals what is new; the others open what is old.
CREATE UNIQUE INDEX data_key_current ON data_key (store_id) WHERE retired_at IS NULL;

-- The same for what belongs to no store, and the root that the keys of links and hashes are derived from.
CREATE TABLE service_key (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    wrapped TEXT NOT NULL,
    wrapped_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT,
    PRIMARY KEY (id)
);

CREATE UNIQUE INDEX service_key_current ON service_key (kind) WHERE retired_at IS NULL;
