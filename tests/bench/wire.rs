//! HTTP/1.1 over one connection that stays open, with as little work as possible on this side.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::Outcome;

/// One connection.
pub struct Wire {
    stream: BufReader<TcpStream>,
    host: String,
}

/// An answer.
#[derive(Debug, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Wire {
    /// Connects to `address`, where the server goes by the name `host`.
    pub fn connect(address: SocketAddr, host: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self { stream: BufReader::new(stream), host: host.to_owned() })
    }

    /// Sends a request. `headers` are whole lines, each with its end.
    pub fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &str,
        body: &str,
    ) -> Outcome<Answer> {
        self.send_as("application/x-www-form-urlencoded", method, target, headers, body)
    }

    /// The same with a body of this kind.
    pub fn send_as(
        &mut self,
        kind: &str,
        method: &str,
        target: &str,
        headers: &str,
        body: &str,
    ) -> Outcome<Answer> {
        let length = match method {
            "GET" => String::new(),
            _ => format!("content-type: {kind}\r\ncontent-length: {}\r\n", body.len()),
        };
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\nuser-agent: bench\r\naccept: */*\r\n\
             {headers}{length}\r\n{body}",
            self.host
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.answer()
    }

    /// The same, and only `status` will do.
    pub fn expect(&mut self, status: u16, request: (&str, &str, &str, &str)) -> Outcome<Answer> {
        let (method, target, headers, body) = request;
        let answer = self.send(method, target, headers, body)?;
        if answer.status == status {
            return Ok(answer);
        }
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        Err(format!("{method} {target}: {} and not {status}: {said}", answer.status).into())
    }

    fn answer(&mut self) -> Outcome<Answer> {
        let mut answer = Answer::default();
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).ok_or("the server closed the connection")?;
        answer.status = status.parse()?;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            answer.headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
        if answer.header("transfer-encoding") == Some("chunked") {
            while self.chunk(&mut answer.body)? {}
            return Ok(answer);
        }
        let length = answer.header("content-length").map_or(Ok(0), str::parse)?;
        answer.body.resize(length, 0);
        self.stream.read_exact(&mut answer.body)?;
        Ok(answer)
    }

    /// Reads one part of a streamed body (RFC 9112 §7.1); `false`: it was the last one.
    fn chunk(&mut self, body: &mut Vec<u8>) -> Outcome<bool> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim_end(), 16)?;
        let mut part = vec![0; length + 2];
        self.stream.read_exact(&mut part)?;
        body.extend(part.iter().take(length));
        Ok(length > 0)
    }
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// A text of a JSON body.
    pub fn text(&self, name: &str) -> Outcome<String> {
        let body: serde_json::Value = serde_json::from_slice(&self.body)?;
        let text = body.get(name).and_then(serde_json::Value::as_str);
        Ok(text.ok_or_else(|| format!("no {name} in {body}"))?.to_owned())
    }
}
