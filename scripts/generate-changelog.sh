#!/usr/bin/env bash
# Prints the notes of a release as Markdown: the section of CHANGELOG.md that callers and operators read, then the
# commits since the release before, by room.
#   scripts/generate-changelog.sh VERSION [FROM [TO]]
# FROM is the tag before (default: the newest tag that TO contains and that is not TO's own), TO the commit (default HEAD).
# CHANGELOG.md may have the section as "## VERSION" or still as "## Unreleased". Fails where there is neither, or no commit.
set -euo pipefail

[ $# -ge 1 ] || { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 2; }
version=${1#v} to=${3:-HEAD}
from=${2:-$(git describe --tags --abbrev=0 "$to^" 2>/dev/null || true)}

section() { # the text below a heading of the second level
  awk -v wanted="$1" '
    /^## / { here = ($2 == wanted || $2 == "[" wanted "]"); next }
    here { print }' CHANGELOG.md
}

notes=$(section "$version")
[ -n "${notes//[[:space:]]/}" ] || notes=$(section Unreleased)
[ -n "${notes//[[:space:]]/}" ] || { echo "CHANGELOG.md says nothing of $version" >&2; exit 1; }
range=${from:+$from..}$to
commits=$(git log --no-merges --format='%s%x09%h' "$range")
[ -n "$commits" ] || { echo "no commit in $range" >&2; exit 1; }

printf '# %s\n\n%s\n\n## Commits%s\n' "$version" "$(sed -e '/./,$!d' <<<"$notes")" "${from:+ since $from}"
# A subject is "room: summary"; one without a room stands under "other".
declare -A rooms
while IFS=$'\t' read -r subject hash; do
  room=other summary=$subject
  if [[ $subject =~ ^([A-Za-z0-9_./-]+):\ (.*)$ ]]; then
    room=${BASH_REMATCH[1]} summary=${BASH_REMATCH[2]}
  fi
  rooms[$room]+="- $summary ($hash)"$'\n'
done <<<"$commits"
while read -r room; do
  printf '\n### %s\n\n%s' "$room" "${rooms[$room]}"
done < <(printf '%s\n' "${!rooms[@]}" | sort)
