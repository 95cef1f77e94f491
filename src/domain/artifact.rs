//! Artifacts: the files of a job that a reviewer can download, each with its hash.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Kind of an artifact; the texts are part of the HTTP contract.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
pub enum ArtifactKind {
    #[serde(rename = "inputs.manifest")]
    InputsManifest,
    #[serde(rename = "inputs.dataset")]
    InputsDataset,
    #[serde(rename = "llm.prompt")]
    LlmPrompt,
    #[serde(rename = "llm.response")]
    LlmResponse,
    #[serde(rename = "llm.meta")]
    LlmMeta,
    #[serde(rename = "do_template.selection.stage1")]
    SelectionStage1,
    #[serde(rename = "do_template.selection.candidates")]
    SelectionCandidates,
    #[serde(rename = "do_template.selection.stage2")]
    SelectionStage2,
    #[serde(rename = "plan.json")]
    Plan,
    #[serde(rename = "do_template.source")]
    TemplateSource,
    #[serde(rename = "do_template.meta")]
    TemplateMeta,
    #[serde(rename = "do_template.params")]
    TemplateParams,
    #[serde(rename = "stata.do")]
    StataDo,
    #[serde(rename = "stata.log")]
    StataLog,
    #[serde(rename = "run.stdout")]
    RunStdout,
    #[serde(rename = "run.stderr")]
    RunStderr,
    #[serde(rename = "run.meta.json")]
    RunMeta,
    #[serde(rename = "run.error.json")]
    RunError,
    #[serde(rename = "stata.export.table")]
    ExportTable,
    #[serde(rename = "stata.export.figure")]
    ExportFigure,
    #[serde(rename = "stata.export.dataset")]
    ExportDataset,
    #[serde(rename = "stata.export.report")]
    ExportReport,
    #[serde(rename = "stata.export.other")]
    ExportOther,
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
    pub kind: ArtifactKind,
    pub rel_path: String,
    pub created_at: DateTime<Utc>,
    pub size_bytes: u64,
    /// Lower-case hexadecimal SHA-256 of the bytes.
    pub sha256: String,
    pub media_type: String,
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
