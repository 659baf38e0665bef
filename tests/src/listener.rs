//! The address of a site that Hilum calls: back-channel logout, and a site's key set.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU16, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::runtime::eventually;

/// A call that came in.
#[derive(Clone, Debug)]
pub struct Received {
    /// Method and path.
    pub target: String,
    /// The head, as it came.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Received {
    /// A field of the form that was sent.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let mut fields = url::form_urlencoded::parse(self.body.as_bytes());
        fields.find(|(field, _)| field == name).map(|(_, value)| value.into_owned())
    }
}

/// Takes calls on a free port and writes them down.
#[derive(Clone)]
pub struct Listener {
    /// Where it listens.
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    status: Arc<AtomicU16>,
    body: Arc<Mutex<String>>,
}

impl Listener {
    /// Begins to listen; answers 200 with an empty body until told otherwise.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let this = Self {
            address: listener.local_addr().expect("an address"),
            received: Arc::default(),
            status: Arc::new(AtomicU16::new(200)),
            body: Arc::default(),
        };
        let own = this.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let own = own.clone();
                tokio::spawn(async move { own.take(stream).await });
            }
        });
        this
    }

    /// An address below this listener.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.address.port())
    }

    /// From now on answers with this status and body.
    pub fn answer(&self, status: u16, body: &str) {
        self.status.store(status, Ordering::SeqCst);
        body.clone_into(&mut self.body.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What came in so far.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until `number` calls came in.
    pub async fn wait_for(&self, number: usize) -> Vec<Received> {
        eventually(&format!("{number} calls to {}", self.address), || async {
            Some(self.received()).filter(|calls| calls.len() >= number)
        })
        .await
    }

    async fn take(&self, mut stream: TcpStream) -> Option<()> {
        let mut octets = Vec::new();
        let mut part = [0_u8; 8192];
        let (head, body) = loop {
            let read = stream.read(&mut part).await.ok().filter(|read| *read > 0)?;
            octets.extend_from_slice(part.get(..read)?);
            let text = String::from_utf8_lossy(&octets).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && body.len() >= content_length(head)
            {
                break (head.to_owned(), body.to_owned());
            }
        };
        let target = head.lines().next().unwrap_or_default().to_owned();
        let target = target.trim_end_matches(" HTTP/1.1").to_owned();
        let call = Received { target, head, body };
        self.received.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        let body = self.body.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = format!(
            "HTTP/1.1 {} Answer\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            self.status.load(Ordering::SeqCst),
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.ok()
    }
}

fn content_length(head: &str) -> usize {
    let mut lengths = head.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    lengths.next().unwrap_or(0)
}
