-- A text that was taken over from another store, and as what: the base that tells local changes from the library's.
CREATE TABLE template_copy (
    store_id UUID NOT NULL,
    key TEXT NOT NULL,
    language TEXT NOT NULL,
    formality TEXT NOT NULL,
    base TEXT NOT NULL,
    taken_at BIGINT NOT NULL,
    PRIMARY KEY (store_id, key, language, formality),
    FOREIGN KEY (store_id) REFERENCES store (id) ON DELETE CASCADE
);
