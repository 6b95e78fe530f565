//! The smallest HTTP server there is: what HTTP itself costs on this machine, and a blank page for the browser.

use crate::Outcome;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const PAGE: &str = "<!doctype html><meta charset=utf-8><title>blank</title><p>blank";

/// Serves in this very runtime; for tests.
///
/// # Errors
/// No port is free.
#[cfg(test)]
pub async fn here() -> Outcome<(std::net::SocketAddr, tokio::task::JoinHandle<()>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    Ok((address, tokio::spawn(accept(listener))))
}

/// Serves for ever, as a process of its own; prints its port first.
///
/// # Errors
/// No port is free.
pub async fn serve() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    accept(listener).await;
    Ok(())
}

async fn accept(listener: TcpListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // A client that has gone away needs no answer.
        tokio::spawn(async move { drop(talk(stream).await) });
    }
}

async fn talk(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n{PAGE}",
        PAGE.len()
    );
    let mut buffer = Vec::with_capacity(4_096);
    loop {
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
        while let Some(length) = request(&buffer) {
            buffer.drain(..length);
            stream.write_all(answer.as_bytes()).await?;
        }
    }
}

/// Bytes of the first whole request.
fn request(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&buffer[..head]).unwrap_or_default();
    let body = text.lines().find_map(|l| {
        let (name, value) = l.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let length = head + body.unwrap_or(0);
    (buffer.len() >= length).then_some(length)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_request_ends_with_its_body() {
        let text = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET";
        assert_eq!(super::request(text), Some(text.len() - 3));
        assert_eq!(super::request(&text[..text.len() - 4]), None);
        assert_eq!(super::request(b"GET / HTTP/1.1\r\n\r\n"), Some(18));
    }
}
