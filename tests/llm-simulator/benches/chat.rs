//! The simulator beside a bare axum handler that answers every chat with the same text, in one run: time to
//! start, memory at rest, chat answers a second over 32 connections. Prints a table.
//!
//! `cargo bench -p llm-simulator --bench chat`

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on has nothing to say")]

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const CONNECTIONS: usize = 32;
const STARTS: usize = 15;
const ROUNDS: usize = 3;
const LENGTH: Duration = Duration::from_secs(4);

/// A server as a process of its own.
struct Server {
    child: Child,
    address: SocketAddr,
    started_in: Duration,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(is_bare: bool) -> Server {
    let mut command = if is_bare {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("--bare");
        command
    } else {
        Command::new(env!("CARGO_BIN_EXE_llm-simulator"))
    };
    let asked = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let started_in = asked.elapsed();
    let ready: Value = serde_json::from_str(&line).unwrap();
    Server { child, address: ready["address"].as_str().unwrap().parse().unwrap(), started_in }
}

/// Resident memory in MB (`VmRSS` of proc(5)).
fn resident(server: &Server) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// Answers that one connection receives until the time is over.
async fn ask(address: SocketAddr, number: usize, until: Instant) -> usize {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut buffer, mut answers) = (vec![0; 16_384], 0);
    while Instant::now() < until {
        let prompt = format!("effect of schooling on wages, question {number} {answers}");
        let body = json!({"model": "m", "messages": [{"role": "user", "content": prompt}]}).to_string();
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut received = 0;
        loop {
            let n = stream.read(&mut buffer[received..]).await.unwrap();
            assert!(n > 0, "the server closed the connection");
            received += n;
            if is_whole(&buffer[..received]) {
                break;
            }
        }
        answers += 1;
    }
    answers
}

/// True if head and body have come (the length is told by both servers).
fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { return false };
    let head = std::str::from_utf8(&bytes[..end]).unwrap().to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 200"), "{head}");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    bytes.len() >= end + 4 + length.trim().parse::<usize>().unwrap()
}

async fn load(address: SocketAddr) -> f64 {
    let begun = Instant::now();
    let until = begun + LENGTH;
    let tasks: Vec<_> = (0..CONNECTIONS).map(|i| tokio::spawn(ask(address, i, until))).collect();
    let mut answers = 0;
    for task in tasks {
        answers += task.await.unwrap();
    }
    answers as f64 / begun.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn bare() {
    let text = json!({"id": "chatcmpl-0", "object": "chat.completion", "created": 0, "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "the same answer ".repeat(12)},
            "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 40, "total_tokens": 52}})
    .to_string();
    let answer = async move |_body: axum::body::Bytes| ([("content-type", "application/json")], text.clone());
    let router = Router::new().route("/v1/chat/completions", post(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", json!({"address": listener.local_addr().unwrap().to_string()}));
    axum::serve(listener, router).await.unwrap();
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if std::env::args().any(|argument| argument == "--bare") {
        return runtime.block_on(bare());
    }
    let starts =
        |is_bare| median((0..STARTS).map(|_| start(is_bare).started_in.as_secs_f64() * 1e3).collect());
    let (start_ours, start_bare) = (starts(false), starts(true));
    let (ours, bare) = (start(false), start(true));
    std::thread::sleep(Duration::from_millis(300));
    let (memory_ours, memory_bare) = (resident(&ours), resident(&bare));
    // one after the other, again and again, so that a busy moment of the machine meets both
    let (mut rate_ours, mut rate_bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        rate_ours.push(runtime.block_on(load(ours.address)));
        rate_bare.push(runtime.block_on(load(bare.address)));
    }
    let (rate_ours, rate_bare) = (median(rate_ours), median(rate_bare));
    println!("| | simulator | bare axum handler | ratio |");
    println!("|---|---|---|---|");
    println!("| start, ms | {start_ours:.1} | {start_bare:.1} | {:.2} |", start_ours / start_bare);
    println!("| idle memory, MB | {memory_ours:.1} | {memory_bare:.1} | {:.2} |", memory_ours / memory_bare);
    println!(
        "| chat answers/s, {CONNECTIONS} connections | {rate_ours:.0} | {rate_bare:.0} | {:.2} |",
        rate_ours / rate_bare
    );
    println!("| after the load, MB | {:.1} | {:.1} | |", resident(&ours), resident(&bare));
}
