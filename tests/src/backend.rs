//! On what Hilum keeps its state in a test, and the macro that runs a test on both.

use std::{env, net::SocketAddr};

use tokio::sync::OnceCell;

use crate::{TestIdp, run};

/// On what Hilum keeps its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// PostgreSQL and Redis, as `.ci/with-servers` starts them.
    PostgresRedis,
    /// SQLite and nothing else.
    Sqlite,
}

impl Backend {
    /// Whether tests can run on it here.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Sqlite => true,
            Self::PostgresRedis => Self::postgres().is_some() && Self::redis().is_some(),
        }
    }

    /// The address of a superuser's maintenance database.
    #[must_use]
    pub fn postgres() -> Option<String> {
        env::var("HILUM_TEST_POSTGRES").ok()
    }

    /// The address of Redis, with its password and without a database.
    #[must_use]
    pub fn redis() -> Option<String> {
        env::var("HILUM_TEST_REDIS").ok()
    }

    /// Where the server of such an address listens.
    #[must_use]
    pub fn server_of(url: &str) -> SocketAddr {
        let url = url::Url::parse(url).expect("an address");
        let (host, port) = (url.host_str().unwrap_or_default(), url.port().unwrap_or_default());
        format!("{host}:{port}").parse().expect("127.0.0.1 and a port")
    }
}

/// What a test needs of Hilum.
pub trait Stand: Sized {
    /// Makes it.
    fn on(backend: Backend) -> impl Future<Output = Self>;
}

/// One Hilum for all tests that leave its clock and its community alone.
pub type Shared = &'static TestIdp;
/// A Hilum of the test's own.
pub type Fresh = TestIdp;

impl Stand for Shared {
    async fn on(backend: Backend) -> Self {
        static SQLITE: OnceCell<TestIdp> = OnceCell::const_new();
        static POSTGRES: OnceCell<TestIdp> = OnceCell::const_new();
        let shared = match backend {
            Backend::Sqlite => &SQLITE,
            Backend::PostgresRedis => &POSTGRES,
        };
        shared.get_or_init(|| TestIdp::start(backend)).await
    }
}

impl Stand for Fresh {
    async fn on(backend: Backend) -> Self {
        Self::start(backend).await
    }
}

impl Stand for Backend {
    async fn on(backend: Backend) -> Self {
        backend
    }
}

/// Runs a test on one backend, if it is there.
pub fn hold<S: Stand>(backend: Backend, test: impl AsyncFnOnce(S)) {
    if backend.is_available() {
        run(async { test(S::on(backend).await).await });
    } else {
        eprintln!("left out: {backend:?} is not here (.ci/with-servers starts it)");
    }
}

/// Makes a test of each of these functions for every kind of store.
///
/// The argument of a function says what it needs: [`Shared`], [`Fresh`], or the [`Backend`] alone.
/// One that is not listed is found by the compiler: nobody calls it.
#[macro_export]
macro_rules! on_every_store {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[test]
            fn on_sqlite() {
                $crate::hold($crate::Backend::Sqlite, super::$name);
            }

            #[test]
            fn on_postgres_and_redis() {
                $crate::hold($crate::Backend::PostgresRedis, super::$name);
            }
        }
    )+};
}
