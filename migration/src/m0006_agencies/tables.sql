-- What a member of an organisation may do in one store, in place of what they may do in all.
CREATE TABLE store_role (
    organisation_id UUID NOT NULL,
    member_id UUID NOT NULL,
    store_id UUID NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, member_id, store_id),
    FOREIGN KEY (member_id, organisation_id) REFERENCES membership (member_id, organisation_id) ON DELETE CASCADE,
    FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE CASCADE
) {keyed};

-- A store opened to an organisation that it does not belong to, or that this was asked for.
CREATE TABLE store_access (
    organisation_id UUID NOT NULL,
    store_id UUID NOT NULL,
    role TEXT NOT NULL,
    reason TEXT NOT NULL,
    lasts BIGINT,
    asked_by UUID,
    created_at BIGINT NOT NULL,
    given_at BIGINT,
    ends_at BIGINT,
    PRIMARY KEY (organisation_id, store_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id) ON DELETE CASCADE,
    FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE CASCADE
);
CREATE INDEX store_access_by_store ON store_access (store_id);

-- The only stores an invitation opens, as a JSON list of ids; all of them when there is none.
ALTER TABLE invitation ADD COLUMN store_ids TEXT;

-- A journey that was taken over from another store, and as what: the base that tells local changes from the library's.
CREATE TABLE journey_copy (
    store_id UUID NOT NULL,
    journey_id UUID NOT NULL,
    source_journey_id UUID NOT NULL,
    base TEXT NOT NULL,
    taken_at BIGINT NOT NULL,
    PRIMARY KEY (store_id, journey_id),
    UNIQUE (store_id, source_journey_id),
    FOREIGN KEY (store_id, journey_id) REFERENCES journey (store_id, id) ON DELETE CASCADE
);
