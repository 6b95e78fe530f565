-- What is asked at the beginning of each request: is this session of this member alive, and what may they do? Row-level security is
-- opened for this one question and closed again, so that it needs no transaction around it. Kept prepared, unlike a function in SQL.
CREATE FUNCTION cartwheel_who(asked_session UUID, asked_member UUID, asked_at BIGINT)
RETURNS TABLE (second_factor BOOLEAN, organisation_id UUID, role TEXT, kind TEXT, store_id UUID, store_role TEXT)
LANGUAGE plpgsql AS $$
DECLARE
    was TEXT := current_setting('cartwheel.system', true);
BEGIN
    PERFORM set_config('cartwheel.system', 'on', true);
    RETURN QUERY
        SELECT s.second_factor, m.organisation_id, m.role, o.kind, r.store_id, r.role
        FROM session s
        LEFT JOIN membership m ON m.member_id = s.member_id
        LEFT JOIN organisation o ON o.id = m.organisation_id
        LEFT JOIN store_role r ON r.organisation_id = m.organisation_id AND r.member_id = m.member_id
        WHERE s.id = asked_session AND s.member_id = asked_member
          AND s.ended_at IS NULL AND s.expires_at > asked_at
        ORDER BY m.organisation_id;
    PERFORM set_config('cartwheel.system', coalesce(was, ''), true);
END $$;
REVOKE ALL ON FUNCTION cartwheel_who(UUID, UUID, BIGINT) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cartwheel_who(UUID, UUID, BIGINT) TO cartwheel_runtime;
