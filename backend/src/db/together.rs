//! The work of many stores in one transaction, asked for together.
//!
//! What is done for one store is written as if it were alone: a look-up, a decision, a write. For a hundred stores in one
//! transaction that would be a hundred times each statement, and on SQLite a statement costs two changes of thread
//! before it costs anything else. So the stores' parts run side by side, and when all of them wait, what they wait for is
//! asked in as few statements as there are kinds of question. Each row still carries its store in the question, and
//! goes to whoever asked for that store.
//!
//! SQLite only: PostgreSQL's row-level security lets a transaction see one store at a time, which is worth more than this.

use super::{DbError, Dialect, Scoped, StoreScope, lists::portion};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult, Statement, Value};
use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::oneshot;
use uuid::Uuid;

/// In which order statements are sent when parts wait for different ones: that of a part's own course, so that whoever is
/// behind catches up and the next statement serves all.
const COURSE: [(&str, bool); 15] = [
    ("event", false),
    ("contact_identity", false),
    ("contact", false),
    ("company", false),
    ("cart_key", false),
    ("cart", false),
    ("company", true),
    ("contact", true),
    ("contact_identity", true),
    ("cart", true),
    ("cart_key", true),
    ("shop_order", true),
    ("order_refund", true),
    ("event", true),
    ("run_wait", false),
];

/// Which statement. Requests of the same one are sent together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Question {
    place: usize,
    /// The table.
    table: &'static str,
    /// What tells it from others of the table.
    name: String,
    write: bool,
}

impl Question {
    pub(super) fn new(table: &'static str, write: bool, name: String) -> Self {
        let place = COURSE.iter().position(|step| *step == (table, write)).unwrap_or(COURSE.len());
        Self { place, table, name, write }
    }
}

/// Makes the statement's text for so many rows.
pub(super) type MakeText = Box<dyn Fn(usize) -> Arc<str> + Send>;

struct Request {
    question: Question,
    store: Uuid,
    rows: Vec<Vec<Value>>,
    text: MakeText,
    answer: oneshot::Sender<Result<Vec<QueryResult>, DbError>>,
}

#[derive(Default)]
struct State {
    /// Parts that have not come to their end.
    running: usize,
    waiting: Vec<Request>,
}

impl State {
    /// Once every part waits: the requests of the question that comes first.
    fn next(&mut self) -> Vec<Request> {
        if self.waiting.is_empty() || self.waiting.len() < self.running {
            return Vec::new();
        }
        let first = self.waiting.iter().map(|r| &r.question).min().cloned();
        self.waiting.extract_if(.., |r| Some(&r.question) == first.as_ref()).collect()
    }
}

/// Parts of one transaction that run side by side.
pub struct Together<'t> {
    tx: &'t DatabaseTransaction,
    dialect: Dialect,
    state: Mutex<State>,
}

impl<'t> Together<'t> {
    pub(super) fn new(tx: &'t DatabaseTransaction, dialect: Dialect, parts: usize) -> Self {
        Self { tx, dialect, state: Mutex::new(State { running: parts, waiting: Vec::new() }) }
    }

    /// A part's store.
    pub fn enter(&'t self, scope: &StoreScope) -> Scoped<'t> {
        Scoped::new(self.tx, self.dialect, scope.store_id()).beside(self)
    }

    /// Runs a part to its end. Exactly as many must be run, at the same time, as were announced.
    pub async fn run<T>(&self, part: impl Future<Output = T>) -> T {
        let done = part.await;
        let next = {
            let mut state = self.state();
            state.running = state.running.saturating_sub(1);
            state.next()
        };
        self.send(next).await;
        done
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks, and answers when everybody's question of this kind has been asked.
    pub(super) async fn ask(
        &self,
        question: Question,
        store: Uuid,
        rows: Vec<Vec<Value>>,
        text: MakeText,
    ) -> Result<Vec<QueryResult>, DbError> {
        let (answer, answered) = oneshot::channel();
        let next = {
            let mut state = self.state();
            state.waiting.push(Request { question, store, rows, text, answer });
            state.next()
        };
        self.send(next).await;
        let gone = |_| DbError::Orm(sea_orm::DbErr::Custom("the transaction was given up".into()));
        answered.await.map_err(gone)?
    }

    async fn send(&self, requests: Vec<Request>) {
        let (mut asked, mut rows, mut askers) = (None, Vec::new(), Vec::with_capacity(requests.len()));
        for request in requests {
            asked.get_or_insert((request.question.write, request.text));
            rows.extend(request.rows);
            askers.push((request.store, request.answer));
        }
        let Some((write, text)) = asked else { return };
        match self.statements(write, text, rows).await {
            Ok(mut by_store) => {
                for (store, answer) in askers {
                    // Whoever has gone away meanwhile takes the transaction along.
                    let _ = answer.send(Ok(by_store.remove(&store).unwrap_or_default()));
                }
            }
            Err(error) => {
                // Everybody's work is lost with the transaction; whoever is told the error itself decides what becomes of it.
                let text = error.to_string();
                let mut error = Some(error);
                for (_, answer) in askers {
                    let told =
                        error.take().unwrap_or_else(|| DbError::Orm(sea_orm::DbErr::Custom(text.clone())));
                    let _ = answer.send(Err(told));
                }
            }
        }
    }

    async fn statements(
        &self,
        write: bool,
        text: MakeText,
        rows: Vec<Vec<Value>>,
    ) -> Result<HashMap<Uuid, Vec<QueryResult>>, DbError> {
        let width = rows.first().map_or(1, Vec::len).max(1);
        let most = (self.dialect.max_binds() / width).clamp(1, if write { 64 } else { 1_024 });
        let mut found: HashMap<Uuid, Vec<QueryResult>> = HashMap::new();
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let n = if write { portion(rows.len(), most) } else { rows.len().min(most) };
            // A look-up asks for nothing in the places that are left over.
            let places = if write { n } else { n.next_power_of_two() };
            let mut values: Vec<Value> = rows.by_ref().take(n).flatten().collect();
            values.resize(places * width, Value::Bytes(None));
            let statement = Statement::from_sql_and_values(self.dialect.backend(), &*text(places), values);
            if write {
                self.tx.execute_raw(statement).await?;
            } else {
                for row in self.tx.query_all_raw(statement).await? {
                    found.entry(row.try_get("", "store_id")?).or_default().push(row);
                }
            }
        }
        Ok(found)
    }
}
