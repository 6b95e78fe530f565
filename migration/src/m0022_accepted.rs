//! What a channel accepted is paid for, whatever became of it afterwards: a text message that came back undelivered failed, and was
//! accepted none the less. The index of accepted messages says so by the instant of acceptance instead of by the state.

use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0022_accepted"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "
            DROP INDEX message_sent;
            CREATE INDEX message_sent ON message (store_id, sent_at DESC, id DESC) WHERE sent_at IS NOT NULL;";
        manager.get_connection().execute_unprepared(sql).await.map(drop)
    }
}
