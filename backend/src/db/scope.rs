//! Tenant scope as types: the only way to a query leads through a store.

#![expect(clippy::disallowed_methods, reason = "the one place where unscoped ORM calls get their scope")]

use super::{
    Among, DbError, Dialect, Together,
    texts::{self, Conflict},
    together::Question,
};
use cartwheel_domain::ids::{ApiKeyId, MemberId, StoreId};
use cartwheel_entity::Tenant;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, DeleteMany, EntityTrait,
    FromQueryResult, IdenStatic, Insert, IntoActiveModel, Iterable, ModelTrait, QueryFilter, QuerySelect,
    QueryTrait, Select, UpdateMany, Value,
    sea_query::{Alias, Expr, OnConflict, Query},
};
use std::collections::BTreeSet;

/// What somebody may do in a store, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks at contacts and carts to answer shoppers.
    Support,
    /// Looks at everything.
    Analyst,
    /// Changes journeys and templates.
    Editor,
    /// Changes settings.
    Admin,
    /// Everything, members and billing included.
    Owner,
}

impl Role {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Support => "support",
            Self::Analyst => "analyst",
            Self::Editor => "editor",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The role of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Support, Self::Analyst, Self::Editor, Self::Admin, Self::Owner]
            .into_iter()
            .find(|r| r.as_str() == name)
    }
}

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in member.
    Member(MemberId),
    /// A key of the API.
    ApiKey(ApiKeyId),
    /// The shop itself: its events, its platform's webhooks, its shoppers' links.
    Shop,
    /// A worker of ours, or the operator at the command line.
    System,
}

/// The proof that somebody may act in a store. Made by `auth` for people and keys, by the signature check for
/// shops, by the claim for workers; there is no other way to a tenant's rows.
#[derive(Debug, Clone, Copy)]
pub struct StoreScope {
    store: StoreId,
    role: Role,
    actor: Actor,
}

impl StoreScope {
    /// For a person or a key whose rights `auth` has just checked.
    pub(crate) fn granted(store: StoreId, role: Role, actor: Actor) -> Self {
        Self { store, role, actor }
    }

    /// For what arrives with the store's own key, signature or signed link.
    pub(crate) fn shop(store: StoreId) -> Self {
        Self { store, role: Role::Support, actor: Actor::Shop }
    }

    /// For a worker that has claimed work of this store, and for the operator's command.
    pub fn system(store: StoreId) -> Self {
        Self { store, role: Role::Owner, actor: Actor::System }
    }

    /// Which store.
    pub fn store_id(&self) -> StoreId {
        self.store
    }

    /// With which rights.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Who.
    pub fn actor(&self) -> Actor {
        self.actor
    }
}

/// A store inside a transaction: each statement made here carries the tenant.
#[derive(Clone, Copy)]
pub struct Scoped<'t> {
    tx: &'t DatabaseTransaction,
    dialect: Dialect,
    store: StoreId,
    together: Option<&'t Together<'t>>,
}

impl<'t> Scoped<'t> {
    pub(super) fn new(tx: &'t DatabaseTransaction, dialect: Dialect, store: StoreId) -> Self {
        Self { tx, dialect, store, together: None }
    }

    /// The same, asking together with others.
    pub(super) fn beside(self, together: &'t Together<'t>) -> Self {
        Self { together: Some(together), ..self }
    }

    /// The connection to run statements on.
    pub fn on(&self) -> &'t DatabaseTransaction {
        self.tx
    }

    /// The tenant.
    pub fn store_id(&self) -> StoreId {
        self.store
    }

    /// Which database it is; for `db/` alone to act on.
    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Rows of this store.
    pub fn find<E: Tenant>(&self) -> Select<E> {
        E::find().filter(E::store_column().eq(self.store.uuid()))
    }

    /// How many rows a question finds, counted no further than `most`. The ORM's own `count` takes a limit away and counts all.
    ///
    /// # Errors
    /// What the database says.
    pub async fn count_to<E: EntityTrait>(&self, found: Select<E>, most: u64) -> Result<u64, DbError> {
        let mut rows = QueryTrait::into_query(found.limit(most));
        rows.clear_selects().expr(Expr::val(1));
        let count =
            Query::select().expr(Expr::cust("COUNT(*)")).from_subquery(rows, Alias::new("found")).to_owned();
        let row = self.tx.query_one(&count).await?;
        let n = row.map(|r| r.try_get_by_index::<i64>(0)).transpose()?.unwrap_or(0);
        Ok(u64::try_from(n).unwrap_or(0))
    }

    /// Rows of this store whose column is one of these; the quick way to many rows by their ids.
    ///
    /// # Errors
    /// What the database says.
    pub async fn find_among<E: Tenant, V: Into<Value>>(
        &self,
        column: E::Column,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Vec<E::Model>, DbError> {
        let store = Value::from(self.store.uuid());
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        match self.together {
            None => texts::rows_with::<E>(self.tx, self.dialect, store, column, values).await,
            Some(together) => {
                let rows = values.into_iter().map(|value| vec![store.clone(), value]).collect();
                self.look_up::<E>(together, vec![column], rows).await
            }
        }
    }

    /// Rows of this store in which two columns of text hold one of these pairs.
    ///
    /// # Errors
    /// What the database says.
    pub async fn find_pairs<E: Tenant>(
        &self,
        columns: (E::Column, E::Column),
        pairs: &BTreeSet<(&str, &str)>,
    ) -> Result<Vec<E::Model>, DbError> {
        if let Some(together) = self.together {
            let rows = pairs.iter().map(|(a, b)| vec![self.store.uuid().into(), (*a).into(), (*b).into()]);
            return self.look_up::<E>(together, vec![columns.0, columns.1], rows.collect()).await;
        }
        if self.dialect == Dialect::Postgres {
            let rows = pairs.iter().map(|(a, b)| vec![(*a).into(), (*b).into()]).collect();
            let store = self.store.uuid().into();
            return texts::rows_of::<E>(self.tx, store, &[columns.0, columns.1], rows).await;
        }
        // Two lists, whatever of them was not asked for together: each pair is a look-up by the key. For "this with one of
        // these, or that with one of those" SQLite reads all rows of the store.
        let firsts: Vec<Value> = pairs
            .iter()
            .map(|(first, _)| *first)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(Into::into)
            .collect();
        let seconds: Vec<Value> = pairs
            .iter()
            .map(|(_, second)| *second)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(Into::into)
            .collect();
        let mut found = Vec::with_capacity(pairs.len());
        for part in seconds.chunks(4_096) {
            let query = self.find::<E>().filter(columns.0.is_in(firsts.clone()));
            found.extend(query.filter(columns.1.among(part.to_vec())).all(self.tx).await?);
        }
        let asked = |row: &E::Model| match (row.get(columns.0), row.get(columns.1)) {
            (Value::String(Some(a)), Value::String(Some(b))) => pairs.contains(&(a.as_str(), b.as_str())),
            _ => false,
        };
        found.retain(asked);
        Ok(found)
    }

    async fn look_up<E: Tenant>(
        &self,
        together: &Together<'_>,
        columns: Vec<E::Column>,
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<E::Model>, DbError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<&str> = columns.iter().map(IdenStatic::as_str).collect();
        let question = Question::new(E::default().table_name(), false, names.join(","));
        let dialect = self.dialect;
        let text = Box::new(move |n| texts::look_up::<E>(dialect, &columns, n));
        let found = together.ask(question, self.store.uuid(), rows, text).await?;
        Ok(found.iter().map(|row| E::Model::from_query_result(row, "")).collect::<Result<_, _>>()?)
    }

    /// Changes rows of this store.
    pub fn update<E: Tenant>(&self) -> UpdateMany<E> {
        E::update_many().filter(E::store_column().eq(self.store.uuid()))
    }

    /// Takes the rows of this store out in which a column is one of these.
    ///
    /// # Errors
    /// What the database says.
    pub async fn delete_among<E: Tenant, V: Into<Value>>(
        &self,
        column: E::Column,
        values: impl IntoIterator<Item = V>,
    ) -> Result<u64, DbError> {
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        if values.is_empty() {
            return Ok(0);
        }
        if self.dialect == Dialect::Postgres {
            return texts::delete_with::<E>(self.tx, self.store.uuid().into(), column, values).await;
        }
        Ok(self.delete::<E>().filter(column.among(values)).exec(self.tx).await?.rows_affected)
    }

    /// Takes rows of this store out.
    pub fn delete<E: Tenant>(&self) -> DeleteMany<E> {
        E::delete_many().filter(E::store_column().eq(self.store.uuid()))
    }

    /// Adds rows, in chunks the database can take. A row of another store is refused before it is sent.
    ///
    /// # Errors
    /// What the database says.
    pub async fn insert<E>(&self, rows: Vec<E::ActiveModel>) -> Result<(), DbError>
    where
        E: Tenant,
        E::ActiveModel: Send,
    {
        self.write_rows::<E>(rows, Conflict { name: Some("new".into()), clause: None }).await
    }

    /// Adds rows and says how many were new; a row whose key is there already is left as it is.
    ///
    /// # Errors
    /// What the database says.
    pub async fn insert_new<E>(&self, rows: Vec<E::ActiveModel>) -> Result<u64, DbError>
    where
        E: Tenant,
        E::ActiveModel: Send,
    {
        let clause = Some(OnConflict::new().do_nothing().to_owned());
        self.insert_rows::<E>(rows, Conflict { name: Some("or leave".into()), clause }).await
    }

    /// Adds rows, or writes `columns` over rows with the same primary key.
    ///
    /// # Errors
    /// What the database says.
    pub async fn upsert<E>(&self, rows: Vec<E::ActiveModel>, columns: &[E::Column]) -> Result<(), DbError>
    where
        E: Tenant,
        E::ActiveModel: Send,
        E::PrimaryKey: Iterable,
    {
        use sea_orm::PrimaryKeyToColumn;
        let keys = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column);
        let names: Vec<&str> = columns.iter().map(IdenStatic::as_str).collect();
        let clause = Some(OnConflict::columns(keys).update_columns(columns.iter().copied()).to_owned());
        self.write_rows::<E>(rows, Conflict { name: Some(names.join(",")), clause }).await
    }

    /// Adds rows with a conflict clause of the caller's own (for example one that adds to a counter).
    ///
    /// # Errors
    /// What the database says.
    pub async fn insert_with<E>(&self, rows: Vec<E::ActiveModel>, clause: OnConflict) -> Result<u64, DbError>
    where
        E: Tenant,
        E::ActiveModel: Send,
    {
        self.insert_rows::<E>(rows, Conflict { name: None, clause: Some(clause) }).await
    }

    /// Adds rows whose number nobody asks for; with those of other stores where it can.
    async fn write_rows<E>(&self, rows: Vec<E::ActiveModel>, conflict: Conflict) -> Result<(), DbError>
    where
        E: Tenant,
        E::ActiveModel: Send,
    {
        if let Some(together) = self.together
            && self.own(&rows)?
            && let Some((name, values, text)) = texts::insert_parts::<E>(self.dialect, &rows, &conflict)
        {
            let question = Question::new(E::default().table_name(), true, name);
            return together.ask(question, self.store.uuid(), values, text).await.map(|_| ());
        }
        self.insert_rows::<E>(rows, conflict).await.map(|_| ())
    }

    /// Whether there are rows, and none is of another store.
    fn own<A: ActiveModelTrait>(&self, rows: &[A]) -> Result<bool, DbError>
    where
        A::Entity: Tenant,
    {
        let mine = Value::from(self.store.uuid());
        if rows.iter().any(|row| row.get(A::Entity::store_column()).into_value().as_ref() != Some(&mine)) {
            return Err(DbError::Orm(sea_orm::DbErr::Custom(
                "a row of another store was about to be written".into(),
            )));
        }
        Ok(!rows.is_empty())
    }

    async fn insert_rows<E>(&self, rows: Vec<E::ActiveModel>, conflict: Conflict) -> Result<u64, DbError>
    where
        E: Tenant,
        E::ActiveModel: Send,
    {
        if !self.own(&rows)? {
            return Ok(0);
        }
        texts::insert::<E>(self.tx, self.dialect, rows, &conflict).await
    }

    /// Takes the store's write lock until the transaction ends.
    ///
    /// # Errors
    /// What the database says.
    pub async fn lock(&self) -> Result<(), DbError> {
        super::dialect::lock(self.tx, self.dialect, self.store.uuid()).await
    }
}

/// All stores at once: for the workers' claims, and for the tables above the stores.
pub struct System<'t> {
    tx: &'t DatabaseTransaction,
    dialect: Dialect,
}

impl<'t> System<'t> {
    pub(super) fn new(tx: &'t DatabaseTransaction, dialect: Dialect) -> Self {
        Self { tx, dialect }
    }

    /// The connection to run statements on.
    pub fn on(&self) -> &'t DatabaseTransaction {
        self.tx
    }

    /// Which database it is; for `db/` alone to act on.
    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Rows of a table, over all stores.
    pub fn find<E: EntityTrait>(&self) -> Select<E> {
        E::find()
    }

    /// Changes rows of a table, over all stores.
    pub fn update<E: EntityTrait>(&self) -> UpdateMany<E> {
        E::update_many()
    }

    /// Takes rows of a table out, over all stores.
    pub fn delete<E: EntityTrait>(&self) -> DeleteMany<E> {
        E::delete_many()
    }

    /// Adds one row.
    ///
    /// # Errors
    /// What the database says.
    pub async fn insert<E>(&self, row: E::ActiveModel) -> Result<(), DbError>
    where
        E: EntityTrait,
        E::ActiveModel: Send,
        E::Model: IntoActiveModel<E::ActiveModel>,
    {
        Insert::one(row).exec_without_returning(self.tx).await?;
        Ok(())
    }

    /// Adds one row unless its key is there already; says how many that were.
    ///
    /// # Errors
    /// What the database says.
    pub async fn insert_new<E>(&self, row: E::ActiveModel) -> Result<u64, DbError>
    where
        E: EntityTrait,
        E::ActiveModel: Send,
    {
        let clause = Some(OnConflict::new().do_nothing().to_owned());
        let conflict = Conflict { name: Some("or leave".into()), clause };
        texts::insert::<E>(self.tx, self.dialect, vec![row], &conflict).await
    }
}
