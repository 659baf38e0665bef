//! HTTP octet by octet, for requests that no honest client would send.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Duration, timeout},
};

/// Sends these octets and reads until the other side closes or falls silent for a while.
pub async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    // It may close while we are still writing: that is an answer, too.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let mut part = [0_u8; 16 * 1024];
    while let Ok(Ok(read @ 1..)) = timeout(Duration::from_secs(15), stream.read(&mut part)).await {
        answer.extend_from_slice(&part[..read]);
        if is_complete(&answer) {
            break;
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Whether head and body have arrived, as far as the head says how long the body is.
fn is_complete(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    length.is_some_and(|length| body.len() >= length)
}
