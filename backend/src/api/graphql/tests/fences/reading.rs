//! Whether statements are read rightly.

use super::*;

/// The reading of statements is right: else the trial would leave out nothing, and find nothing.
#[test]
fn a_condition_is_found_and_left_out() {
    let sql = r#"SELECT "cart"."id" FROM "cart" WHERE "cart"."store_id" = $1 AND "cart"."id" = $2"#;
    let found = filters(sql);
    assert_eq!((found.len(), found[0].table.as_str(), found[0].right.as_str()), (1, "cart", "$1"));
    let left = r#"SELECT "cart"."id" FROM "cart" WHERE ($1::uuid IS NOT NULL) AND "cart"."id" = $2"#;
    assert_eq!(without(sql, &found[0]), left);
    for (sql, table, right) in [
        (
            "WITH v(store_id, id, at) AS (VALUES (?1, ?2, ?3)) UPDATE message SET at = v.at FROM v WHERE message.store_id = v.store_id AND x",
            "message",
            "v.store_id",
        ),
        (
            r#"WITH v(c0, c1) AS (VALUES (?, ?)) SELECT "cart"."id" FROM v CROSS JOIN "cart" ON "cart"."store_id" = v.c0 AND x"#,
            "cart",
            "v.c0",
        ),
        (
            r#"DELETE FROM "cart" USING (SELECT $1::uuid AS store) AS v WHERE "cart"."store_id" = v.store AND x"#,
            "cart",
            "v.store",
        ),
        (r#"SELECT 1 FROM "api_key" WHERE "api_key"."organisation_id" = ? LIMIT ?"#, "api_key", "?"),
    ] {
        let found = filters(sql);
        assert_eq!(found.len(), 1, "{sql}");
        assert_eq!((found[0].table.as_str(), found[0].right.as_str()), (table, right));
    }
    let joined = r#"SELECT 1 FROM "cart" JOIN "contact" ON "cart"."store_id" = "contact"."store_id""#;
    assert_eq!(filters(joined), [], "a join is no condition");
}
