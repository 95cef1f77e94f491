//! The environment of `stata-service client`, which has no settings file and no use for the settings of a service.

use std::ffi::OsString;
use std::path::PathBuf;

use secrecy::SecretString;

/// Variables of the client. A service ignores them.
pub const CLIENT_VARIABLES: [&str; 8] = [
    "SS_SERVER",
    "SS_TOKEN",
    "SS_TOKEN_FILE",
    "SS_TASK_CODE",
    "SS_TASK_CODE_FILE",
    "SS_JOB",
    "SS_TENANT",
    "SS_CA_FILE",
];

/// What the environment says to the client. Flags come first.
#[derive(Debug, Default)]
pub struct ClientEnvironment {
    /// `SS_SERVER`: address of the service.
    pub server: Option<String>,
    /// `SS_TOKEN`, or the content of `SS_TOKEN_FILE`: a job token or an API key.
    pub token: Option<SecretString>,
    /// `SS_TASK_CODE`, or the content of `SS_TASK_CODE_FILE`.
    pub task_code: Option<SecretString>,
    /// `SS_JOB`: id of the job.
    pub job: Option<String>,
    /// `SS_TENANT`: tenant of a task code or of an administrator's request.
    pub tenant: Option<String>,
    /// `SS_CA_FILE`: certificates (PEM) to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Folder of saved credentials: `$XDG_CONFIG_HOME/stata-service`, else `~/.config/stata-service`.
    pub config_dir: Option<PathBuf>,
    /// True if the language of messages (`LC_ALL`, `LC_MESSAGES`, `LANG`) is Chinese.
    pub chinese: bool,
}

/// Reads the environment of this process.
///
/// # Errors
/// A sentence for people: a secret that is given twice, or a file of a secret that cannot be read.
#[expect(clippy::disallowed_methods, reason = "this room is the reader of the environment")]
pub fn client_environment() -> Result<ClientEnvironment, String> {
    read(|name| std::env::var_os(name))
}

fn read(variable: impl Fn(&str) -> Option<OsString>) -> Result<ClientEnvironment, String> {
    let given = |name: &str| variable(name).filter(|value| !value.is_empty());
    let text = |name: &str| given(name).map(|value| value.to_string_lossy().into_owned());
    let secret = |name: &str| {
        let file = given(&format!("{name}_FILE")).map(PathBuf::from);
        match (text(name), file) {
            (Some(_), Some(_)) => Err(format!("{name} and {name}_FILE are both set; set one of them")),
            (Some(value), None) => Ok(Some(value)),
            (None, Some(file)) => std::fs::read_to_string(&file)
                .map(|content| Some(content.trim().to_owned()))
                .map_err(|error| format!("{name}_FILE: {} cannot be read: {error}", file.display())),
            (None, None) => Ok(None),
        }
    };
    // a relative path in XDG_CONFIG_HOME is invalid (XDG Base Directory Specification)
    let absolute = |name: &str| given(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")));
    let language = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(text);
    Ok(ClientEnvironment {
        server: text("SS_SERVER"),
        token: secret("SS_TOKEN")?.map(Into::into),
        task_code: secret("SS_TASK_CODE")?.map(Into::into),
        job: text("SS_JOB"),
        tenant: text("SS_TENANT"),
        ca_file: given("SS_CA_FILE").map(PathBuf::from),
        config_dir: config.map(|folder| folder.join("stata-service")),
        chinese: language.is_some_and(|language| language.starts_with("zh")),
    })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<ClientEnvironment, String> {
        let pairs: Vec<(String, OsString)> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        read(|name| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()))
    }

    #[test]
    fn a_secret_comes_from_its_variable_or_its_file_and_never_from_both() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("token");
        std::fs::write(&file, "ssk_a_b\n").expect("written");
        let path = file.to_str().expect("text");
        let token = |e: ClientEnvironment| e.token.map(|t| t.expose_secret().to_owned());
        assert_eq!(token(of(&[("SS_TOKEN_FILE", path)]).expect("read")).as_deref(), Some("ssk_a_b"));
        assert_eq!(token(of(&[("SS_TOKEN", "ssk_c")]).expect("read")).as_deref(), Some("ssk_c"));
        assert_eq!(token(of(&[("SS_TOKEN", "")]).expect("read")), None, "empty is absent");
        assert!(of(&[("SS_TOKEN", "x"), ("SS_TOKEN_FILE", path)]).is_err_and(|e| e.contains("both set")));
        assert!(of(&[("SS_TOKEN_FILE", "/absent")]).is_err_and(|e| e.contains("/absent")));
    }

    #[test]
    fn the_folder_follows_the_base_directory_specification() {
        let folder = |pairs: &[(&str, &str)]| of(pairs).expect("read").config_dir;
        let home = ("HOME", "/home/ann");
        assert_eq!(folder(&[home]), Some("/home/ann/.config/stata-service".into()));
        assert_eq!(folder(&[home, ("XDG_CONFIG_HOME", "/etc/x")]), Some("/etc/x/stata-service".into()));
        assert_eq!(folder(&[home, ("XDG_CONFIG_HOME", "x")]), Some("/home/ann/.config/stata-service".into()));
        assert_eq!(folder(&[]), None);
    }
}
