//! A wire between Hilum and a server behind it that can be cut or left hanging.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Forwards every connection to one server, as long as the wire is whole.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<AtomicU8>,
    generation: watch::Sender<u64>,
}

const WHOLE: u8 = 0;
const CUT: u8 = 1;
const HANGING: u8 = 2;

impl Proxy {
    /// A wire to `target`.
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (generation, changes) = watch::channel(0);
        let state = Arc::new(AtomicU8::new(WHOLE));
        let seen = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((inward, _)) = listener.accept().await {
                tokio::spawn(forward(inward, target, Arc::clone(&seen), changes.clone()));
            }
        });
        Self { address, state, generation }
    }

    fn set(&self, state: u8) {
        self.state.store(state, Ordering::SeqCst);
        self.generation.send_modify(|generation| *generation += 1);
    }

    /// Closes every connection, and every new one at once.
    pub fn cut(&self) {
        self.set(CUT);
    }

    /// Closes every connection; new ones are taken and never answered.
    pub fn hang(&self) {
        self.set(HANGING);
    }

    /// Makes it whole again.
    pub fn mend(&self) {
        self.set(WHOLE);
    }
}

async fn forward(
    mut inward: TcpStream,
    target: SocketAddr,
    state: Arc<AtomicU8>,
    mut changes: watch::Receiver<u64>,
) {
    changes.mark_unchanged();
    match state.load(Ordering::SeqCst) {
        WHOLE => {
            let Ok(mut outward) = TcpStream::connect(target).await else { return };
            tokio::select! {
                _ = copy_bidirectional(&mut inward, &mut outward) => {}
                _ = changes.changed() => {}
            }
        }
        HANGING => {
            let _ = changes.changed().await;
        }
        _ => {}
    }
}
