//! Artifacts: the files of a job that a reviewer can download, each with its hash.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Kind of an artifact; the texts are part of the HTTP contract.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
pub enum ArtifactKind {
    /// JSON description of the uploaded data sets, one for each upload.
    #[serde(rename = "inputs.manifest")]
    InputsManifest,
    /// An uploaded file as it came, or the canonical .dta made of it.
    #[serde(rename = "inputs.dataset")]
    InputsDataset,
    /// Prompt of a call to a language model, as JSON.
    #[serde(rename = "llm.prompt")]
    LlmPrompt,
    /// Responses of a language model to a prompt, as JSON.
    #[serde(rename = "llm.response")]
    LlmResponse,
    /// Provider, model, attempts and tokens of a call to a language model, as JSON.
    #[serde(rename = "llm.meta")]
    LlmMeta,
    /// First stage of the selection: which templates apply to the data and the roles, and why.
    #[serde(rename = "do_template.selection.stage1")]
    SelectionStage1,
    /// The ranked templates that are offered, with scores and reasons.
    #[serde(rename = "do_template.selection.candidates")]
    SelectionCandidates,
    /// The choice among the candidates, with its author and rationale.
    #[serde(rename = "do_template.selection.stage2")]
    SelectionStage2,
    /// The frozen plan.
    #[serde(rename = "plan.json")]
    Plan,
    /// Do-file of the template with the hash that the plan pins, and the library idioms that it uses.
    #[serde(rename = "do_template.source")]
    TemplateSource,
    /// Declaration of the template with the hash that the plan pins.
    #[serde(rename = "do_template.meta")]
    TemplateMeta,
    /// Bound parameters of the plan, as JSON.
    #[serde(rename = "do_template.params")]
    TemplateParams,
    /// The complete do-file of a run, as the service wrote it.
    #[serde(rename = "stata.do")]
    StataDo,
    /// Batch log of the engine.
    #[serde(rename = "stata.log")]
    StataLog,
    /// First bytes of the engine's standard output.
    #[serde(rename = "run.stdout")]
    RunStdout,
    /// First bytes of the engine's standard error.
    #[serde(rename = "run.stderr")]
    RunStderr,
    /// Engine, limits, verdict and times of a run, as JSON.
    #[serde(rename = "run.meta.json")]
    RunMeta,
    /// Cause and evidence of a run that did not succeed, as JSON.
    #[serde(rename = "run.error.json")]
    RunError,
    /// Table of a run, as csv.
    #[serde(rename = "stata.export.table")]
    ExportTable,
    /// Figure of a run: svg as the run made it, or png on request.
    #[serde(rename = "stata.export.figure")]
    ExportFigure,
    /// Data set that a run or a rendering made, as dta.
    #[serde(rename = "stata.export.dataset")]
    ExportDataset,
    /// Rendering of the results of a run: xlsx, docx, tex or pdf.
    #[serde(rename = "stata.export.report")]
    ExportReport,
    /// File that a run left without a declaration in its plan.
    #[serde(rename = "stata.export.other")]
    ExportOther,
    /// Description of the results by a language model, in words.
    #[serde(rename = "stata.report.interpretation")]
    ReportInterpretation,
}

impl ArtifactKind {
    /// Returns the text of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InputsManifest => "inputs.manifest",
            Self::InputsDataset => "inputs.dataset",
            Self::LlmPrompt => "llm.prompt",
            Self::LlmResponse => "llm.response",
            Self::LlmMeta => "llm.meta",
            Self::SelectionStage1 => "do_template.selection.stage1",
            Self::SelectionCandidates => "do_template.selection.candidates",
            Self::SelectionStage2 => "do_template.selection.stage2",
            Self::Plan => "plan.json",
            Self::TemplateSource => "do_template.source",
            Self::TemplateMeta => "do_template.meta",
            Self::TemplateParams => "do_template.params",
            Self::StataDo => "stata.do",
            Self::StataLog => "stata.log",
            Self::RunStdout => "run.stdout",
            Self::RunStderr => "run.stderr",
            Self::RunMeta => "run.meta.json",
            Self::RunError => "run.error.json",
            Self::ExportTable => "stata.export.table",
            Self::ExportFigure => "stata.export.figure",
            Self::ExportDataset => "stata.export.dataset",
            Self::ExportReport => "stata.export.report",
            Self::ExportOther => "stata.export.other",
            Self::ReportInterpretation => "stata.report.interpretation",
        }
    }
}

/// One published file of a job. `rel_path` is relative to the job's directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Artifact {
    /// Kind of the file; several files of a job can have the same one.
    pub kind: ArtifactKind,
    /// Name of the file for the artifact routes: a path with `/`, unique in the job.
    pub rel_path: String,
    /// When it was published (RFC 3339, UTC).
    pub created_at: DateTime<Utc>,
    /// Size, in bytes.
    pub size_bytes: u64,
    /// Lower-case hexadecimal SHA-256 of the bytes.
    pub sha256: String,
    /// Media type that the file is served with.
    pub media_type: String,
    /// Additional metadata by kind, such as `dataset_key` or `run_id`; empty for most files.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub meta: Map<String, Value>,
    /// Path of the bytes below the job's directory, where it is not `rel_path`: unique to the commit that
    /// lists the artifact, so that no other writer replaces them. Not part of the HTTP contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub stored_as: Option<String>,
}

impl Artifact {
    /// Returns the path of the bytes below the job's directory.
    pub fn stored_path(&self) -> &str {
        self.stored_as.as_deref().unwrap_or(&self.rel_path)
    }

    /// Returns the entry as clients see it.
    #[must_use]
    pub fn public(self) -> Self {
        Self { stored_as: None, ..self }
    }
}

/// Returns the media type that a file of this name is served with.
pub fn media_type_of(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ext)| ext) {
        Some("json") => "application/json",
        Some("md") => "text/markdown; charset=utf-8",
        Some("csv") => "text/csv; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("log" | "do" | "ado" | "txt") => "text/plain; charset=utf-8",
        Some("dta") => "application/x-stata-dta",
        Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Some("docx") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Some("tex") => "application/x-tex",
        Some("pdf") => "application/pdf",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

/// Checks that a client's path can name a file inside the job's directory, and returns its components.
///
/// Refused are empty paths, absolute paths, backslashes, control characters, `.` and `..` components.
pub fn safe_rel_path(rel_path: &str) -> Option<Vec<&str>> {
    if rel_path.is_empty() || rel_path.len() > 1024 || rel_path.chars().any(|c| c.is_control() || c == '\\') {
        return None;
    }
    let parts: Vec<&str> = rel_path.split('/').collect();
    parts.iter().all(|p| !p.is_empty() && *p != "." && *p != "..").then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_named_as_they_are_stored() {
        for text in ["inputs.manifest", "do_template.selection.stage2", "stata.export.other", "run.meta.json"]
        {
            let kind: ArtifactKind = serde_json::from_value(Value::from(text)).expect("a kind");
            assert_eq!(kind.as_str(), text);
        }
    }

    #[test]
    fn paths_that_leave_the_job_are_refused() {
        for bad in ["", "/etc/passwd", "../x", "a/../b", "a//b", "a\\b", "a/\0", ".", "artifacts/./x"] {
            assert!(safe_rel_path(bad).is_none(), "{bad:?}");
        }
        assert_eq!(safe_rel_path("artifacts/plan.json"), Some(vec!["artifacts", "plan.json"]));
    }
}
