//! The composition root: the one file that names concrete adapters and puts the parts together.

mod sweeps;

use crate::{
    accounts::{KeyError, MasterKey, Stores, audit, keys::Given, password},
    api::{self, Live, graphql::Api},
    auth::{Sessions, grant::Grants, http::Site, mailbox::Mailbox, oidc::Oidc, passkey::Passkeys},
    billing::{self, Billing},
    carts::abandon::Abandoner,
    channels::{Channel, Channels, email, push::WebPush, sandbox::Sandbox, sms::Twilio, terminal::Terminal},
    clock::Env,
    config::{Config, SignUp},
    consent::{self, circle},
    db::{Db, claim},
    dry_run,
    engine::Engine,
    ingest::{self, Inbox, InboxLimits, Limiter, Rate, catch_up::CatchUp},
    jobs::Workers,
    journeys::Versions,
    mail,
    messages::{Dispatcher, LinkMaker, Manner, Tools},
    platforms::{
        api::{Apis, StandIns},
        link::Heard,
    },
    post::{Postman, Sender},
    privacy,
    recovery::{self, Destinations, receipts::Receipts},
    returns, sms,
    storefront::{self, DemoStore},
    templates::{self, Templates},
    wake::Wake,
    webhooks::{Caller, Courier},
};
use actix_web::{App as WebApp, HttpResponse, HttpServer, dev::Server, middleware, web};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// Anything that keeps the process from starting, said so that the operator can mend it.
pub type StartError = Box<dyn std::error::Error>;

/// What carries mail, if anything does, what carries text messages, and what carries notifications.
pub type Carriers = (Option<Arc<dyn Channel>>, Arc<dyn Channel>, Arc<dyn Channel>);

/// The parts that do the work, over one database and one clock: what the process runs, what a test steps through,
/// what the demo's history is made with.
#[derive(Clone)]
pub struct Parts {
    /// Database.
    pub db: Db,
    /// Clock and entropy.
    pub env: Env,
    /// Seals credentials, signs links.
    pub master: MasterKey,
    /// Stores by id and key.
    pub stores: Stores,
    /// Bells between the loops.
    pub wake: Wake,
    /// Judges carts left.
    pub abandoner: Arc<Abandoner>,
    /// Moves runs.
    pub engine: Arc<Engine>,
    /// Hands messages over.
    pub dispatcher: Arc<Dispatcher>,
    /// Opens and clicks on their way to the database.
    pub receipts: Receipts,
    /// Mail of live stores and of the service; `None` while no mail server is set.
    pub mail: Option<Arc<dyn Channel>>,
    /// Texts, parsed.
    pub templates: Templates,
}

impl Parts {
    /// Put together; nothing runs yet.
    pub fn new(
        db: Db,
        env: Env,
        master: MasterKey,
        public_url: &str,
        (mail, texts, push): Carriers,
        manner: impl Into<Manner>,
    ) -> Self {
        let Manner { metered, local, return_domain } = manner.into();
        let stores = Stores::new(db.clone(), env.clone());
        let (wake, versions, templates) = (Wake::default(), Versions::default(), Templates::default());
        let tools = Tools {
            db: db.clone(),
            env: env.clone(),
            wake: wake.clone(),
            stores: stores.clone(),
            versions: versions.clone(),
            templates: templates.clone(),
            channels: Channels {
                // Without one of the operator's, those of the stores.
                email: Some(mail.clone().unwrap_or_else(|| Arc::new(email::Email::by_routes()))),
                sms: texts,
                push,
                sandbox: Arc::new(Sandbox),
            },
            links: LinkMaker { public_url: public_url.to_owned(), key: master.clone() },
            metered,
            providers: mail::Providers::new(env.clone(), master.clone(), local),
            usual_mail: mail.is_some(),
            return_domain,
        };
        Self {
            abandoner: Arc::new(Abandoner::new(
                db.clone(),
                env.clone(),
                wake.clone(),
                stores.clone(),
                versions.clone(),
            )),
            engine: Arc::new(Engine::new(
                db.clone(),
                env.clone(),
                wake.clone(),
                stores.clone(),
                versions,
                master.clone(),
            )),
            dispatcher: Arc::new(Dispatcher::new(tools)),
            receipts: Receipts::new(db.clone(), env.clone(), wake.clone()),
            db,
            env,
            master,
            stores,
            wake,
            mail,
            templates,
        }
    }

    /// Works until nothing is due: carts, runs and messages.
    ///
    /// # Errors
    /// What the database says.
    pub async fn drain(&self) -> Result<(), crate::db::DbError> {
        loop {
            let swept = self.abandoner.tick().await?;
            let moved = self.engine.tick().await?;
            let sent = self.dispatcher.tick().await?;
            if swept.abandoned == 0 && moved.claimed == 0 && sent.claimed == 0 {
                return Ok(());
            }
        }
    }
}

/// The whole service, put together.
pub struct App {
    config: Config,
    parts: Parts,
    metrics: PrometheusHandle,
    shared: Shared,
    postman: Option<Arc<Postman>>,
    courier: Arc<Courier>,
    catch_up: Arc<CatchUp>,
    billing: Option<Billing>,
}

/// What every request handler may ask for.
#[derive(Clone)]
struct Shared {
    api: web::Data<Api>,
    schema: web::Data<api::ApiSchema>,
    sessions: web::Data<Sessions>,
    site: web::Data<Site>,
    demo: web::Data<DemoStore>,
    files: web::Data<api::console::Files>,
    edge: web::Data<ingest::Edge>,
    desk: web::Data<consent::http::Desk>,
    sms: web::Data<sms::Desk>,
    returns: web::Data<returns::Desk>,
    restore: web::Data<recovery::http::Desk>,
    billing: web::Data<billing::http::Desk>,
    inbox: Inbox,
}

impl App {
    /// Opens the database, brings the schema up to date and puts the parts together.
    ///
    /// # Errors
    /// With what is wrong and what to do.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        // A pack that cannot be read would refuse every message: better to say so now.
        cartwheel_domain::consent::pack::check_builtin()?;
        let db = Db::open(config.database_url.expose()).await?;
        let metrics = PrometheusBuilder::new().install_recorder()?;
        let env = Env::system();
        let master = master_key(&config, &db, &env).await?;
        let mail: Option<Arc<dyn Channel>> = match &config.smtp_url {
            Some(url) => Some(Arc::new(email::Email::new(url.expose().parse::<email::url::SmtpUrl>()?))),
            None => None,
        };
        let texts =
            Twilio::new(&config.twilio_url).map_err(|said| format!("CARTWHEEL_TWILIO_URL: {said}"))?;
        // Addresses of browsers are anybody's word, as those of webhooks are a merchant's.
        let push = WebPush::new(Caller::new(config.webhooks_local)?, env.clone());
        let carriers: Carriers = (mail, Arc::new(texts), Arc::new(push));
        let manner = Manner {
            metered: config.stripe_key.is_some(),
            local: config.webhooks_local,
            return_domain: config.return_domain.clone(),
        };
        let parts = Parts::new(db, env, master, &config.public_url, carriers, manner);
        Self::over(config, parts, metrics).await
    }

    /// Over parts of the caller's own.
    ///
    /// # Errors
    /// With what is wrong and what to do.
    pub async fn over(config: Config, parts: Parts, metrics: PrometheusHandle) -> Result<Self, StartError> {
        let postman = postman(&config, &parts)?.map(Arc::new);
        let Parts { db, env, master, stores, wake, .. } = parts.clone();
        let caller = Caller::new(config.webhooks_local)?;
        let mails = postman.is_some();
        let apis = Apis::new(caller.clone(), stand_ins(&config));
        let courier = Courier::new(db.clone(), env.clone(), master.clone(), stores.clone(), caller, mails);
        let billing = Billing::of(&config, db.clone(), env.clone(), master.clone(), postman.is_some())?;
        // One process serves an SQLite file (`Db::open`): whoever held a lease on its work is gone.
        let mut tx = db.write().await?;
        claim::end_all_leases(&tx.system().await?).await?;
        tx.commit().await?;
        templates::complete(&db, &env).await?;
        let breached = config.breached_passwords.as_deref().map(password::Breached::open).transpose()?;
        let mut sessions = Sessions::new(db.clone(), env.clone(), master.clone())?
            .with_passkeys(Passkeys::at(&config.public_url))
            .with_providers(Oidc::new(&config.providers, &config.public_url, &env)?)
            .with_breached(breached);
        if postman.is_some() {
            // A developer's machine has no strangers.
            let sign_up = config.sign_up == SignUp::Open || config.development;
            sessions = sessions.with_mailbox(Mailbox { sign_up });
        }
        let grants = Grants::new(db.clone(), env.clone(), sessions.clone(), stores.clone());
        let inbox = Inbox::start(db.clone(), env.clone(), wake, Arc::new(|_, _| {}), InboxLimits::default());
        let api = Api {
            db: db.clone(),
            env: env.clone(),
            stores: stores.clone(),
            grants,
            master: master.clone(),
            live: Live::default(),
            templates: parts.templates.clone(),
            public_url: config.public_url.clone(),
            mails: parts.mail.is_some() && postman.is_some(),
            billing: billing.clone(),
            webhooks_local: config.webhooks_local,
            apis: apis.clone(),
            mail_usual: parts.mail.is_some(),
            rates: Arc::new(api::rate::Rates::new(config.api_rate)),
        };
        let edge = ingest::Edge {
            db: db.clone(),
            env: env.clone(),
            stores: stores.clone(),
            inbox: inbox.clone(),
            master_key: master.clone(),
            heard: Heard::default(),
            limiter: Limiter::new(
                Rate { per_second: 50_000, burst: 100_000 },
                Rate { per_second: 500, burst: 2_000 },
            ),
        };
        let catch_up = CatchUp::new(
            (db.clone(), env.clone(), master.clone(), stores.clone()),
            apis,
            inbox.clone(),
            config.public_url.clone(),
        );
        let restore = recovery::http::Desk {
            db: db.clone(),
            env: env.clone(),
            key: master.clone(),
            stores: stores.clone(),
            receipts: parts.receipts.clone(),
            destinations: Destinations::start(db.clone()),
        };
        let shared = Shared {
            schema: web::Data::new(api::schema(api.clone(), config.development)),
            api: web::Data::new(api),
            sessions: web::Data::new(sessions),
            site: web::Data::new(Site { public_url: config.public_url.clone(), proxies: config.proxies }),
            demo: web::Data::new(DemoStore(storefront::demo_key(&db).await?)),
            files: web::Data::new(api::console::Files::new(config.console_dir.clone())),
            edge: web::Data::new(edge),
            sms: web::Data::new(sms::Desk {
                db: db.clone(),
                env: env.clone(),
                key: master.clone(),
                stores: stores.clone(),
                public_url: config.public_url.clone(),
                metered: config.stripe_key.is_some(),
            }),
            returns: web::Data::new(returns::Desk::new(
                &config,
                db.clone(),
                env.clone(),
                master.clone(),
                stores.clone(),
            )),
            desk: web::Data::new(consent::http::Desk { db, env, key: master, stores }),
            restore: web::Data::new(restore),
            billing: web::Data::new(billing::http::Desk(billing.clone())),
            inbox,
        };
        let (courier, catch_up) = (Arc::new(courier), Arc::new(catch_up));
        Ok(Self { config, parts, metrics, shared, postman, courier, catch_up, billing })
    }

    /// The settings it runs by.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The parts that do the work.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Adds every route of the product to a web application; for the server and for tests.
    pub fn routes(&self) -> impl FnOnce(&mut web::ServiceConfig) + Clone + use<> {
        let (shared, config, db, stores) = (
            self.shared.clone(),
            web::Data::new(self.config.clone()),
            web::Data::new(self.parts.db.clone()),
            web::Data::new(self.parts.stores.clone()),
        );
        move |c: &mut web::ServiceConfig| {
            c.app_data(config).app_data(db).app_data(stores);
            shared.routes(c);
        }
    }

    /// Starts answering HTTP; the future ends when the server is told to stop.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn serve(&self) -> Result<Server, StartError> {
        let routes = self.routes();
        let listen = self.config.listen;
        let (live, db) = (self.shared.api.live.clone(), self.parts.db.clone());
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(500)).await;
                if let Err(e) = live.look(&db).await {
                    tracing::warn!(error = %e, "changes could not be looked up for those who watch");
                }
            }
        });
        let server = HttpServer::new(move || WebApp::new().wrap(middleware::Compress::default()).configure(routes.clone()))
            .workers(2)
            .shutdown_timeout(5)
            .bind(listen)
            .map_err(|e| format!("cannot listen on {listen}: {e}. Is another Cartwheel running? Choose another with CARTWHEEL_LISTEN"))?;
        Ok(server.run())
    }

    /// Answers Prometheus where the settings say so, whatever else the process does.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn measure(&self) -> Result<(), StartError> {
        let Some(listen) = self.config.metrics_listen else { return Ok(()) };
        let handle = web::Data::new(self.metrics.clone());
        let server = HttpServer::new(move || {
            WebApp::new().app_data(handle.clone()).route("/metrics", web::get().to(metrics))
        });
        let server = server
            .workers(1)
            .disable_signals()
            .bind(listen)
            .map_err(|e| format!("cannot listen on {listen} (CARTWHEEL_METRICS_LISTEN): {e}"))?;
        tokio::spawn(server.run());
        Ok(())
    }

    /// Starts the loops that do the work.
    pub fn work(&self) -> Workers {
        let mut workers = Workers::default();
        let (wake, quiet) = (&self.parts.wake, Arc::<tokio::sync::Notify>::default());
        let rescue = Duration::from_secs(10);
        let abandoner = self.parts.abandoner.clone();
        workers.start("carts", wake.carts.clone(), move || {
            let part = abandoner.clone();
            async move { Ok(part.tick().await?.more) }
        });
        let abandoner = self.parts.abandoner.clone();
        workers.start_every("expiry", Duration::from_secs(600), quiet.clone(), move || {
            let part = abandoner.clone();
            async move { Ok(part.expire().await?.more) }
        });
        let engine = self.parts.engine.clone();
        workers.start("runs", wake.runs.clone(), move || {
            let part = engine.clone();
            async move { Ok(part.tick().await?.claimed > 0) }
        });
        let engine = self.parts.engine.clone();
        workers.start_every("rescue runs", rescue, quiet.clone(), move || {
            let part = engine.clone();
            async move { Ok(part.rescue().await? > 0) }
        });
        let dispatcher = self.parts.dispatcher.clone();
        workers.start("messages", wake.messages.clone(), move || {
            let part = dispatcher.clone();
            async move { Ok(part.tick().await?.claimed > 0) }
        });
        let receipts = self.parts.receipts.clone();
        workers.start("receipts", receipts.bell(), move || {
            let part = receipts.clone();
            async move { Ok(part.tick().await? > 0) }
        });
        let Parts { db, env, master, .. } = self.parts.clone();
        workers.start_every("erasures", Duration::from_secs(60), quiet.clone(), move || {
            let (db, env, master) = (db.clone(), env.clone(), master.clone());
            async move { Ok(privacy::work(&db, &env, &master).await? > 0) }
        });
        for _ in 0..dry_run::AT_ONCE {
            let Parts { db, env, master, stores, .. } = self.parts.clone();
            let part = Arc::new(dry_run::Worker::new(db, env, stores, master));
            workers.start_every("dry runs", Duration::from_secs(1), quiet.clone(), move || {
                let part = part.clone();
                async move { part.tick().await }
            });
        }
        let Parts { db, env, master, .. } = self.parts.clone();
        workers.start_every("circles", Duration::from_secs(2), quiet.clone(), move || {
            let (db, env, master) = (db.clone(), env.clone(), master.clone());
            async move { Ok(circle::fill(&db, &env, &master).await? | circle::clear(&db, &env).await?) }
        });
        if let Some(postman) = &self.postman {
            let part = postman.clone();
            workers.start("service mails", quiet.clone(), move || {
                let part = part.clone();
                async move { Ok(part.tick().await? > 0) }
            });
            let part = postman.clone();
            workers.start_every("mail tokens", Duration::from_secs(3_600), quiet.clone(), move || {
                let part = part.clone();
                async move { part.sweep().await.map(|()| false) }
            });
        }
        let courier = self.courier.clone();
        workers.start("webhooks", quiet.clone(), move || {
            let part = courier.clone();
            async move { Ok(part.tick().await?.claimed > 0) }
        });
        let courier = self.courier.clone();
        workers.start_every("rescue webhooks", rescue, quiet.clone(), move || {
            let part = courier.clone();
            async move { Ok(part.rescue().await? > 0) }
        });
        let part = self.catch_up.clone();
        workers.start_every("platforms", Duration::from_secs(1), quiet.clone(), move || {
            let part = part.clone();
            async move { part.tick().await }
        });
        if let Some(file) = self.config.audit_heads.clone() {
            let Parts { db, master, .. } = self.parts.clone();
            workers.start_every("audit heads", Duration::from_secs(3_600), quiet.clone(), move || {
                let (db, master, file) = (db.clone(), master.clone(), file.clone());
                async move { audit::write_heads(&db, &master, &file).await.map(|()| false) }
            });
        }
        if let Some(billing) = &self.billing {
            let seconds = Duration::from_secs;
            let part = billing.clone();
            workers.start_every("usage", seconds(2), quiet.clone(), move || {
                let part = part.clone();
                async move { part.tick().await }
            });
            let part = billing.clone();
            workers.start("subscriptions", quiet.clone(), move || {
                let part = part.clone();
                async move { part.ask().await }
            });
            let part = billing.clone();
            workers.start_every("usage reports", seconds(60), quiet.clone(), move || {
                let part = part.clone();
                async move { Ok(part.write_reports().await? | part.hand_over_reports().await?) }
            });
            let part = billing.clone();
            workers.start_every("events of Stripe", seconds(3_600), quiet.clone(), move || {
                let part = part.clone();
                async move { part.sweep().await.map(|()| false) }
            });
        }
        let dispatcher = self.parts.dispatcher.clone();
        workers.start_every("rescue messages", rescue, quiet.clone(), move || {
            let part = dispatcher.clone();
            async move { Ok(part.rescue().await? > 0) }
        });
        sweeps::start(&mut workers, &self.parts.db, &self.parts.env, &quiet);
        workers
    }

    /// Finishes what was accepted and closes the database.
    pub async fn close(self) {
        self.shared.inbox.close().await;
        // What is still in memory is written; a failure was logged and loses hits, not events.
        if let Err(e) = self.parts.receipts.tick().await {
            tracing::error!(error = %e, "the last opens and clicks could not be written");
        }
        self.parts.db.close().await;
    }
}

async fn metrics(handle: web::Data<PrometheusHandle>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(handle.render())
}

impl Shared {
    fn routes(self, config: &mut web::ServiceConfig) {
        config
            .app_data(self.api)
            .app_data(self.schema)
            .app_data(self.sessions)
            .app_data(self.site)
            .app_data(self.demo)
            .app_data(self.files)
            .app_data(self.edge)
            .app_data(self.desk)
            .app_data(self.sms)
            .app_data(self.returns)
            .app_data(self.restore)
            .app_data(self.billing)
            // First: a no must go through whatever else is busy.
            .configure(consent::http::routes)
            .configure(sms::http::routes)
            .configure(returns::http::routes)
            .configure(ingest::http::configure)
            .configure(ingest::webhook::configure)
            .configure(billing::http::configure)
            .configure(recovery::http::routes)
            .configure(crate::auth::http::routes)
            .configure(api::http::routes)
            .configure(storefront::routes)
            // Last: it takes whatever is left.
            .configure(api::console::routes);
    }
}

/// Platforms that are stood in for.
fn stand_ins(config: &Config) -> StandIns {
    StandIns {
        shopify: config.shopify_url.clone(),
        bigcommerce: config.bigcommerce_url.clone(),
        b2b: config.b2b_url.clone(),
    }
}

/// Who hands over the service's own mails; nobody where no sender or no mail server is set, but for a developer's machine.
fn postman(config: &Config, parts: &Parts) -> Result<Option<Postman>, StartError> {
    let named = config.mail_from.as_deref().map(|from| from.parse::<Sender>());
    let sender = named.transpose().map_err(|e| format!("CARTWHEEL_MAIL_FROM is wrong: {e}"))?;
    let (channel, sender): (Arc<dyn Channel>, Sender) = match (&parts.mail, sender, config.development) {
        (Some(mail), Some(sender), _) => (mail.clone(), sender),
        (None, _, true) => (Arc::new(Terminal), "Cartwheel <cartwheel@localhost.invalid>".parse()?),
        _ => return Ok(None),
    };
    let Parts { db, env, master, .. } = parts.clone();
    Ok(Some(Postman { db, env, master, channel, sender, public_url: config.public_url.clone() }))
}

/// Where the master key is: in the settings, in the file they name, else in one beside an SQLite database; PostgreSQL has no place of
/// its own for one.
pub(crate) fn given_keys(config: &Config, db: &Db) -> Result<Given, KeyError> {
    match (&config.master_key, &config.master_key_file) {
        (Some(_), Some(_)) => Err(KeyError::Twice),
        (Some(text), None) => Ok(Given::Text(text.clone())),
        (None, Some(path)) => Ok(Given::File { path: path.clone(), make: false }),
        (None, None) => {
            let beside = db.file().map(|file| file.with_extension("key"));
            Ok(Given::File { path: beside.unwrap_or_else(|| PathBuf::from("data/master.key")), make: true })
        }
    }
}

/// The keys of a database; whoever needs them first begins with them.
pub(crate) async fn master_key(config: &Config, db: &Db, env: &Env) -> Result<MasterKey, KeyError> {
    MasterKey::open(db, env, &given_keys(config, db)?).await
}

#[cfg(test)]
mod tests;
