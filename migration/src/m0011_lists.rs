//! Indexes of what the console asks for: carts by status and kind, messages in trouble, recovered orders. Each is no larger than what is
//! asked for, and none is written more often than the row it belongs to was before.

use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0011_lists"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "
            -- In the place of the one by status alone: a store of a million carts has few quotes, and its list must not walk the others.
            DROP INDEX cart_status;
            CREATE INDEX cart_status ON cart (store_id, status, kind, updated_at DESC, id DESC);
            -- Only of those who are in the list: its length is counted in the index alone.
            DROP INDEX contact_seen;
            CREATE INDEX contact_seen ON contact (store_id, last_seen_at DESC, id DESC) WHERE merged_into IS NULL;
            -- Failed, or nobody knows: Home asks for those of a month.
            CREATE INDEX message_trouble ON message (store_id, status, created_at) WHERE status >= 6;
            CREATE INDEX shop_order_recovered ON shop_order (store_id, placed_at DESC, id DESC)
                WHERE click_message_id IS NOT NULL OR window_message_id IS NOT NULL;";
        manager.get_connection().execute_unprepared(sql).await.map(drop)
    }
}
