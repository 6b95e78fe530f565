//! The composition root: the one file that names concrete adapters and puts the parts together.

use crate::{
    accounts::{MasterKey, Stores},
    api::{self, Live, graphql::Api},
    auth::{Sessions, grant::Grants, http::Site},
    clock::Env,
    config::Config,
    consent::http::Desk,
    db::{Db, dialect},
    storefront::{self, DemoStore},
};
use actix_web::{App as WebApp, HttpServer, dev::Server, middleware, web};
use cartwheel_domain::ids::StoreId;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::path::PathBuf;

/// Anything that keeps the process from starting, said so that the operator can mend it.
pub type StartError = Box<dyn std::error::Error>;

/// The whole service, put together.
pub struct App {
    config: Config,
    db: Db,
    metrics: PrometheusHandle,
    shared: Shared,
}

/// What every request handler may ask for.
#[derive(Clone)]
struct Shared {
    api: Api,
    schema: api::ApiSchema,
    sessions: Sessions,
    site: Site,
    demo: DemoStore,
    files: api::console::Files,
}

impl App {
    /// Opens the database, brings the schema up to date and puts the parts together.
    ///
    /// # Errors
    /// With what is wrong and what to do.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        let db = Db::open(config.database_url.expose()).await?;
        let metrics = PrometheusBuilder::new().install_recorder()?;
        Self::over(config, db, Env::system(), metrics).await
    }

    /// Over an open database, with a clock of the caller's own.
    ///
    /// # Errors
    /// With what is wrong and what to do.
    pub async fn over(
        config: Config,
        db: Db,
        env: Env,
        metrics: PrometheusHandle,
    ) -> Result<Self, StartError> {
        // A pack that cannot be read would refuse every message: better to say so now.
        cartwheel_domain::consent::pack::check_builtin()?;
        let master = master_key(&config, &db, &env)?;
        let stores = Stores::new(db.clone(), env.clone());
        let site = Site { public_url: config.public_url.clone() };
        let session_key = master.derive("access tokens", StoreId(uuid::Uuid::nil()));
        let session_key = ring::hmac::sign(&session_key, b"v1");
        let sessions = Sessions::new(db.clone(), env.clone(), session_key.as_ref())?;
        let grants = Grants::new(db.clone(), env.clone(), sessions.clone(), stores.clone());
        let live = Live::default();
        let api =
            Api { db: db.clone(), env, stores, grants, master, live, public_url: config.public_url.clone() };
        let shared = Shared {
            schema: api::schema(api.clone(), config.development),
            api,
            sessions,
            site,
            demo: DemoStore(crate::seed::demo_key(&db).await?),
            files: api::console::Files::new(config.console_dir.clone()),
        };
        Ok(Self { config, db, metrics, shared })
    }

    /// The settings it runs by.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Starts answering HTTP; the future ends when the server is told to stop.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn serve(&self) -> Result<Server, StartError> {
        let (shared, config, db, metrics) =
            (self.shared.clone(), self.config.clone(), self.db.clone(), self.metrics.clone());
        let listen = config.listen;
        let server = HttpServer::new(move || {
            WebApp::new()
                .wrap(middleware::Compress::default())
                .app_data(web::Data::new(config.clone()))
                .app_data(web::Data::new(db.clone()))
                .app_data(web::Data::new(metrics.clone()))
                .configure(|c| shared.routes(c))
        })
        .workers(2)
        .bind(listen)
        .map_err(|e| format!("cannot listen on {listen}: {e}. Is another Cartwheel running? Choose another with CARTWHEEL_LISTEN"))?;
        Ok(server.run())
    }

    /// Closes the database after the work in flight.
    pub async fn close(self) {
        self.db.close().await;
    }
}

impl Shared {
    fn routes(&self, config: &mut web::ServiceConfig) {
        let desk = Desk {
            db: self.api.db.clone(),
            env: self.api.env.clone(),
            key: self.api.master.clone(),
            stores: self.api.stores.clone(),
        };
        config
            .app_data(web::Data::new(desk))
            .app_data(web::Data::new(self.api.clone()))
            .app_data(web::Data::new(self.api.stores.clone()))
            .app_data(web::Data::new(self.schema.clone()))
            .app_data(web::Data::new(self.sessions.clone()))
            .app_data(web::Data::new(self.site.clone()))
            .app_data(web::Data::new(self.demo.clone()))
            .app_data(web::Data::new(self.files.clone()))
            .configure(crate::consent::http::routes)
            .configure(crate::auth::http::routes)
            .configure(api::http::routes)
            .configure(storefront::routes)
            // Last: it takes whatever is left.
            .configure(api::console::routes);
    }
}

/// The key from the settings, else a file beside an SQLite database; PostgreSQL has no place of its own for one.
pub(crate) fn master_key(config: &Config, db: &Db, env: &Env) -> Result<MasterKey, StartError> {
    if let Some(key) = &config.master_key {
        return Ok(MasterKey::parse(key)?);
    }
    let path: PathBuf = match db.file() {
        Some(file) => file.with_extension("key"),
        None => PathBuf::from("data/master.key"),
    };
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent)?;
    }
    Ok(MasterKey::from_file(&path, env)?)
}

/// Whether the database answers, for the operator's command.
///
/// # Errors
/// What the database says.
pub async fn reachable(db: &Db) -> Result<(), crate::db::DbError> {
    dialect::ping(db).await
}
