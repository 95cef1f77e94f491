//! Engines that show from outside when they run: each start notes its run, and compares itself with all that are alive.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::program::Start;
use crate::support::runs::SERVICE;

/// The script. A file of `live` is named after job, run, process id and start of the process, so that another process with the
/// same id is not taken for it. It is written before the others are looked at: of two that start at once, both see the other.
const SCRIPT: &str = r#"#!/bin/bash
here='FOLDER'
run_dir=${PWD%/work}; run=${run_dir##*/}; job_dir=${run_dir%/runs/*}; job=${job_dir##*/}
began() { { read -r stat; } 2>/dev/null < "/proc/$1/stat" || return 1
  fields=(${stat##*) }); [ "${fields[0]}" != Z ] && [ "${fields[0]}" != X ]; } 2>/dev/null
began $$
me="$job.$run.$$.${fields[19]}"
: > "$here/live/$me"
echo "$run" >> "$here/starts"
alive=0
for path in "$here"/live/*; do
  other=${path##*/}; start=${other##*.}; rest=${other%.*}; pid=${rest##*.}
  if began "$pid" && [ "${fields[19]}" = "$start" ]; then
    alive=$((alive + 1))
    [ "${other%%.*}" = "$job" ] && [ "$other" != "$me" ] && echo "$other $me" >> "$here/doubles"
  else
    rm -f "$path"
  fi
done
[ "$alive" -gt SEATS ] && echo "$alive at $me" >> "$here/crowds"
sleep "$((RANDOM % 3)).$((RANDOM % 10))"
exec 'PROGRAM' dofile "$@"
"#;

/// The engines of all servers of a test.
pub(super) struct Engines {
    folder: PathBuf,
}

impl Engines {
    /// Writes the script; engines note when more than `seats` of them run.
    pub(super) fn new(folder: &Path, seats: usize) -> Self {
        let engines = Self { folder: folder.join("engines") };
        std::fs::create_dir_all(engines.folder.join("live")).expect("a folder");
        let script = SCRIPT
            .replace("FOLDER", &engines.folder.display().to_string())
            .replace("SEATS", &seats.to_string())
            .replace("PROGRAM", SERVICE);
        std::fs::write(engines.program(), script).expect("written");
        std::fs::set_permissions(engines.program(), PermissionsExt::from_mode(0o755)).expect("set");
        engines
    }

    fn program(&self) -> PathBuf {
        self.folder.join("engine")
    }

    pub(super) fn used_by(&self, start: Start) -> Start {
        start.with("SS_STATA_CMD", &self.program().display().to_string()).with("SS_RUN__SANDBOX", "off")
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Checks what the engines noted; returns how many were started.
    pub(super) fn check(&self) -> usize {
        assert_eq!(self.lines("doubles"), [""; 0], "two engines of one job ran at once");
        assert_eq!(self.lines("crowds"), [""; 0], "more engines ran than there are seats");
        let mut starts = self.lines("starts");
        let all = starts.len();
        starts.sort();
        starts.dedup();
        assert_eq!(starts.len(), all, "an engine was started twice for one run");
        all
    }
}
