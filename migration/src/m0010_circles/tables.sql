-- A place in the circle of an agency: a store whose merchant shares whom not to contact, without its name. The other stores of the
-- circle read it, to know what still counts; whose it is stands in circle_member alone.
CREATE TABLE circle_seat (
    agency_id UUID NOT NULL,
    id UUID NOT NULL,
    ends_at BIGINT,
    left_at BIGINT,
    PRIMARY KEY (agency_id, id),
    FOREIGN KEY (agency_id) REFERENCES organisation (id)
);
CREATE INDEX circle_seat_left ON circle_seat (left_at) WHERE left_at IS NOT NULL;

-- Which store has which seat, since when, and how far its older suppressions were gone through (by contact).
CREATE TABLE circle_member (
    store_id UUID NOT NULL,
    agency_id UUID NOT NULL,
    seat_id UUID NOT NULL,
    joined_at BIGINT NOT NULL,
    filled_to UUID,
    filled_at BIGINT,
    PRIMARY KEY (store_id, agency_id),
    UNIQUE (agency_id, seat_id),
    FOREIGN KEY (store_id) REFERENCES store (id),
    FOREIGN KEY (agency_id, seat_id) REFERENCES circle_seat (agency_id, id)
);
CREATE INDEX circle_member_unfilled ON circle_member (joined_at) WHERE filled_at IS NULL;

-- What a seat shares: HMAC-SHA-256 of channel and address under the circle's key, why, and when it was said. No address.
CREATE TABLE circle_entry (
    agency_id UUID NOT NULL,
    address_hash TEXT NOT NULL,
    seat_id UUID NOT NULL,
    reason TEXT NOT NULL,
    said_at BIGINT NOT NULL,
    PRIMARY KEY (agency_id, address_hash, seat_id),
    FOREIGN KEY (agency_id, seat_id) REFERENCES circle_seat (agency_id, id)
) {keyed};
CREATE INDEX circle_entry_seat ON circle_entry (agency_id, seat_id);
