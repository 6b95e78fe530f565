//! Whether people who are under way in earlier versions of a journey go on with a later one.

use crate::dialect;
use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0019_moves"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "
            ALTER TABLE journey ADD COLUMN moves_to UUID;
            ALTER TABLE journey ADD COLUMN moves_before INTEGER;";
        dialect::run(manager, sql).await
    }
}
