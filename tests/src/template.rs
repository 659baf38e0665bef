//! The database that every test starts from: migrated, with the demo community, the standing sites
//! and signing keys. Made once per run and kind, then copied.

use std::net::SocketAddr;

use tokio::sync::OnceCell;

use crate::{
    backend::Backend,
    database::Database,
    idp::TestIdp,
    process::{Folder, free_port},
    runtime::eventually,
    settings::Settings,
    standing,
};

/// A database and the key that its secrets are sealed under.
pub struct Template {
    pub database: Database,
    pub folder: Folder,
}

/// The template of a backend.
pub async fn of(backend: Backend) -> &'static Template {
    static SQLITE: OnceCell<Template> = OnceCell::const_new();
    static POSTGRES: OnceCell<Template> = OnceCell::const_new();
    let cell = match backend {
        Backend::Sqlite => &SQLITE,
        Backend::PostgresRedis => &POSTGRES,
    };
    cell.get_or_init(|| make(backend)).await
}

async fn make(backend: Backend) -> Template {
    let idp = TestIdp::empty(backend, Settings::new());
    idp.must(&["migrate"]);
    idp.must(&["community", "import", "config/demo-community.toml"]);
    idp.must(&["staff", "add", "support"]);
    idp.must(&["staff", "add", "lead", "--rank", "lead"]);
    for document in standing::registrations() {
        let added = idp.register(&document);
        assert_eq!(added.code, 0, "{document}: {added:?}");
    }
    // The first start makes the signing keys.
    let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let (public, private) = (local(free_port()), local(free_port()));
    let mut node = idp.serve(public, private);
    eventually("the first start", || async {
        let url = url::Url::parse(&format!("http://{private}/readyz")).ok()?;
        let ready = crate::Outgoing::new(reqwest::Method::GET, &url, private).try_send().await;
        ready.is_ok_and(|(status, ..)| status == 200).then_some(())
    })
    .await;
    let stopped = node.stop();
    assert!(stopped.success(), "{stopped}\n{}", node.log());
    let (database, folder) = idp.take();
    Template { database, folder }
}
