//! What reads the changed inputs, and what must be true of each reading.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use serde_json::{Value, json};
use stata_service::adapters::capsule_archive::ZipCapsule;
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::llm::{Anthropic, OpenAi, Provider, ProviderOptions, Timeouts};
use stata_service::adapters::tabular::TabularFiles;
use stata_service::domain::capsule::{MANIFEST, METADATA};
use stata_service::ports::capsule_archive::CapsuleArchive;
use stata_service::ports::llm::{Llm, LlmCall, Message, Role};
use stata_service::ports::tabular::{IngestOptions, Tabular};
use stata_service::service::drafts::model_draft::answers::{check_draft, draft_schema};

use super::{mutate, mutate_binary};
use crate::faults::Rng;
use crate::llm::drafts::DRAFT;
use crate::support::records::tenant;

/// Kinds of inputs. The readers of the last three kinds of tables are not ours: the service gives each upload a process of
/// its own, so that an end of it is an answer.
pub(crate) const KINDS: [&str; 13] =
    ["csv", "dta", "rds", "parquet", "sav", "xpt", "sas7bdat", "ods", "zip", "answer", "xlsx", "xlsb", "xls"];

/// True where the end of the reader's process is an answer of the service.
pub(crate) fn may_end(kind: &str) -> bool {
    matches!(kind, "xlsx" | "xlsb" | "xls")
}

macro_rules! fixtures {
    ($($name:literal),*) => {
        &[$(include_bytes!(concat!("../../../fixtures/ingest/", $name)) as &[u8]),*]
    };
}

macro_rules! of_crate {
    ($folder:literal, $($name:literal),*) => {
        &[$(include_bytes!(concat!("../../../../crates/", $folder, "/tests/fixtures/", $name)) as &[u8]),*]
    };
}

const CSV: &[&[u8]] = fixtures!(
    "utf8.csv",
    "utf8_bom.csv",
    "gb18030.csv",
    "pipe.txt",
    "semicolon.csv",
    "spellings.csv",
    "utf16be.csv",
    "utf16le.csv",
    "windows1252.csv"
);
const DTA: &[&[u8]] = fixtures!("release_114.dta", "release_117.dta", "release_118.dta", "release_119.dta");
const XLSX: &[&[u8]] = fixtures!("book.xlsx");
const XLSB: &[&[u8]] = fixtures!("book.xlsb");
const XLS: &[&[u8]] = fixtures!("book.xls");
const ODS: &[&[u8]] = fixtures!("survey.ods");
const SAS: &[&[u8]] = fixtures!("sas/readstat.sas7bdat");
/// Plain ones, whose counts are readable, and one of each way to pack them.
const RDS: &[&[u8]] = of_crate!(
    "rds",
    "survey_plain.rds",
    "survey_native.rds",
    "survey_hex.rds",
    "survey.rds",
    "survey_bzip2.rds",
    "survey_xz.rds"
);
const PARQUET: &[&[u8]] = of_crate!(
    "parquet_file",
    "none.parquet",
    "v2.parquet",
    "delta.parquet",
    "groups.parquet",
    "pandas.parquet",
    "fastparquet.parquet",
    "duckdb.parquet",
    "snappy.parquet",
    "zstd.parquet",
    "lz4.parquet",
    "gzip.parquet",
    "brotli.parquet"
);
const SAV: &[&[u8]] =
    of_crate!("sav", "plain.sav", "bytes.sav", "blocks.zsav", "gbk.sav", "big_endian.sav", "readstat.sav");
const XPT: &[&[u8]] = of_crate!("xport", "library.xpt", "version5.xpt", "version8.xpt");

/// Reads inputs of one kind.
pub(crate) struct Target {
    kind: String,
    folder: PathBuf,
    model: Option<Model>,
    seeds: Vec<Vec<u8>>,
}

/// What became of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Taken,
    Refused,
}

impl Target {
    /// Prepares in a folder.
    pub(crate) fn new(kind: &str, folder: &Path) -> Self {
        let model = (kind == "answer").then(Model::start);
        let mut target = Self { kind: kind.to_owned(), folder: folder.to_owned(), model, seeds: Vec::new() };
        target.seeds = target.seeds();
        target
    }

    /// The inputs that are changed.
    fn seeds(&self) -> Vec<Vec<u8>> {
        let owned = |seeds: &[&[u8]]| seeds.iter().map(|seed| seed.to_vec()).collect();
        match self.kind.as_str() {
            "csv" => owned(CSV),
            "dta" => owned(DTA),
            "xlsx" => owned(XLSX),
            "xlsb" => owned(XLSB),
            "xls" => owned(XLS),
            "ods" => owned(ODS),
            "sas7bdat" => owned(SAS),
            "rds" => owned(RDS),
            "parquet" => owned(PARQUET),
            "sav" => owned(SAV),
            "xpt" => owned(XPT),
            "zip" => vec![capsule()],
            _ => {
                self.model.as_ref().expect("a model").answers().into_iter().map(String::into_bytes).collect()
            }
        }
    }

    /// The kind of its inputs.
    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    /// The folder of its files.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Checks that every input is taken as long as it is not changed.
    pub(crate) fn takes_its_seeds(&self) {
        for (at, seed) in self.seeds.iter().enumerate() {
            assert_eq!(self.read(seed), Outcome::Taken, "{} {at}", self.kind);
        }
    }

    /// Makes an input.
    pub(crate) fn input(&self, rng: &mut Rng) -> Vec<u8> {
        let change = match self.kind.as_str() {
            "csv" => mutate::text,
            "dta" => mutate::dta,
            "rds" | "sav" | "sas7bdat" => mutate_binary::binary,
            "xpt" => mutate_binary::records,
            "parquet" => mutate_binary::parquet,
            "xlsx" | "ods" => mutate::xlsx,
            "xlsb" => mutate_binary::xlsb,
            "xls" => mutate::xls,
            "zip" => mutate::zip,
            _ => mutate::json,
        };
        let seed = rng.below(self.seeds.len());
        change(rng, &self.seeds[seed])
    }

    /// Reads an input and checks what must be true of the answer.
    pub(crate) fn read(&self, bytes: &[u8]) -> Outcome {
        match self.kind.as_str() {
            "zip" => self.unpack(bytes),
            "answer" => self.model.as_ref().expect("a model").ask(bytes),
            kind => self.ingest(kind, bytes),
        }
    }

    fn ingest(&self, kind: &str, bytes: &[u8]) -> Outcome {
        let (source, dest) = (self.folder.join("source"), self.folder.join("made.dta"));
        std::fs::write(&source, bytes).expect("written");
        let _ = std::fs::remove_file(&dest);
        match TabularFiles.ingest(&source, &format!("x.{kind}"), &IngestOptions::default(), &dest) {
            Ok(made) => {
                let preview = TabularFiles.preview(&dest, 5, 50).expect("what was made can be read");
                assert_eq!((preview.row_count, preview.column_count), (made.row_count, made.columns.len()));
                assert!(made.row_count > 0 && !made.columns.is_empty());
                Outcome::Taken
            }
            Err(problem) => {
                assert!(!dest.exists(), "nothing is left after a refusal");
                assert!(problem.code.as_str().starts_with("INPUT_"), "{problem}");
                Outcome::Refused
            }
        }
    }

    fn unpack(&self, bytes: &[u8]) -> Outcome {
        let source = self.folder.join("source.zip");
        std::fs::write(&source, bytes).expect("written");
        let Ok(mut capsule) = ZipCapsule::open(&source) else { return Outcome::Refused };
        let mut outcome = Outcome::Taken;
        for path in capsule.paths() {
            assert!(!path.starts_with('/') && !path.split('/').any(|part| part == ".."), "{path:?}");
            let read = capsule.read(&path);
            let out = self.folder.join("out");
            let extracted = capsule.extract(&path, &out);
            assert!(std::fs::metadata(out.join(&path)).map_or(0, |facts| facts.len()) < 1 << 30);
            let _ = std::fs::remove_dir_all(&out);
            if read.is_err() || extracted.is_err() {
                outcome = Outcome::Refused;
            }
        }
        outcome
    }
}

/// An archive that is read as a capsule.
fn capsule() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, text) in
        [(METADATA, "{}"), (MANIFEST, "0  a\n"), ("data/a.csv", "y,x\n1,2\n"), ("run/main.do", "exit\n")]
    {
        zip.start_file(name, options).expect("started");
        zip.write_all(text.repeat(20).as_bytes()).expect("written");
    }
    zip.finish().expect("finished").into_inner()
}

/// A provider that answers what it is given, and the clients of both wire formats.
struct Model {
    runtime: tokio::runtime::Runtime,
    next: Arc<Mutex<Vec<u8>>>,
    clients: Vec<Box<dyn Llm>>,
    columns: Vec<stata_service::domain::dataset::Column>,
}

impl Model {
    fn start() -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let next: Arc<Mutex<Vec<u8>>> = Arc::default();
        let answered = Arc::clone(&next);
        let handler = move || {
            let body = answered.lock().expect("not poisoned").clone();
            let media = if body.starts_with(b"{") { "application/json" } else { "text/event-stream" };
            let response = Response::builder().header("content-type", media);
            std::future::ready(response.body(Body::from(body)).expect("sound"))
        };
        let base = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let base = format!("http://{}", listener.local_addr().expect("bound"));
            tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
            base
        });
        let provider = || {
            let limit = Duration::from_secs(20);
            let options = ProviderOptions {
                name: "p".to_owned(),
                base_url: base.clone(),
                api_key: "sk-provider-0123".to_owned().into(),
                model: "m".to_owned(),
                temperature: None,
                timeouts: Timeouts { connect: limit, first_byte: limit, idle: limit, total: limit },
                ca_pem: None,
                guard: None,
            };
            Provider::new(options, Arc::new(SystemClock)).expect("a client")
        };
        let clients: Vec<Box<dyn Llm>> =
            vec![Box::new(OpenAi::new(provider())), Box::new(Anthropic::new(provider()))];
        let folder = tempfile::tempdir().expect("a directory");
        let (source, dest) = (folder.path().join("s"), folder.path().join("d.dta"));
        std::fs::write(
            &source,
            "log_pay,schooling,years_work,age,firm_id\n1.5,9,3,30,1\n2.5,12,4,40,2\n3.5,10,5,50,2\n",
        )
        .expect("written");
        let made = TabularFiles.ingest(&source, "x.csv", &IngestOptions::default(), &dest).expect("read");
        Self { runtime, next, clients, columns: made.columns }
    }

    /// Whole and streamed answers of both wire formats.
    fn answers(&self) -> Vec<String> {
        let draft: Value = serde_json::from_str(DRAFT).expect("JSON");
        let (first, second) = DRAFT.split_at(DRAFT.len() / 2);
        let usage = json!({"prompt_tokens": 5, "completion_tokens": 7});
        let openai = json!({"id": "c", "model": "m", "usage": usage, "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": DRAFT}}]});
        let anthropic = json!({"id": "c", "type": "message", "role": "assistant", "model": "m",
            "stop_reason": "tool_use", "usage": {"input_tokens": 5, "output_tokens": 7},
            "content": [{"type": "text", "text": "Here it is."},
                        {"type": "tool_use", "id": "t", "name": "analysis_draft", "input": draft}]});
        let delta = |text| json!({"choices": [{"index": 0, "delta": {"content": text}}]});
        let (begin, rest) = (delta(first), delta(second));
        let last = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
        let event =
            |value: Value| format!("event: {}\ndata: {value}\n\n", value["type"].as_str().expect("a type"));
        let streamed = [
            json!({"type": "message_start", "message": {"id": "c", "model": "m", "usage": {"input_tokens": 5}}}),
            json!({"type": "content_block_start", "index": 0,
                   "content_block": {"type": "tool_use", "id": "t", "name": "analysis_draft", "input": {}}}),
            json!({"type": "content_block_delta", "index": 0,
                   "delta": {"type": "input_json_delta", "partial_json": first}}),
            json!({"type": "content_block_delta", "index": 0,
                   "delta": {"type": "input_json_delta", "partial_json": second}}),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 7}}),
            json!({"type": "message_stop"}),
        ];
        vec![
            DRAFT.to_owned(),
            openai.to_string(),
            anthropic.to_string(),
            format!("data: {begin}\n\ndata: {rest}\n\ndata: {last}\n\ndata: [DONE]\n\n"),
            streamed.into_iter().map(event).collect(),
        ]
    }

    fn ask(&self, bytes: &[u8]) -> Outcome {
        // a statement on its own is checked without the way over the network
        if let Ok(document) = serde_json::from_slice::<Value>(bytes)
            && document.get("draft_text").is_some()
        {
            return if check_draft(&document, &self.columns).is_ok() {
                Outcome::Taken
            } else {
                Outcome::Refused
            };
        }
        *self.next.lock().expect("not poisoned") = bytes.to_vec();
        let mut outcome = Outcome::Refused;
        for client in &self.clients {
            let call = LlmCall {
                purpose: "draft",
                tenant: tenant("default"),
                system: "s".to_owned(),
                messages: vec![Message { role: Role::User, content: "q".to_owned() }],
                schema: draft_schema(),
                max_output_tokens: 500,
            };
            if let Ok(reply) = self.runtime.block_on(client.complete(&call))
                && let Ok(document) = serde_json::from_str::<Value>(&reply.text)
                && check_draft(&document, &self.columns).is_ok()
            {
                outcome = Outcome::Taken;
            }
        }
        outcome
    }
}
