#!/usr/bin/env bash
# What a pipeline does about billing, the same on every forge:
#
#   billing.sh check   on a pull request: validate, diff, its comment, and the plan file that will run
#   billing.sh sync    after the merge: run the plan file that was approved
#   billing.sh drift   at night: keep one issue about what differs from the files
#   billing.sh drill   at night: take a recovery snapshot, restore it here, and keep one issue about what would not come back
#
# Settings come from the environment; lists have one entry a line. The server's token is BILLSYNC_TOKEN or KONNECT_TOKEN,
# that of the forge GITHUB_TOKEN or GITLAB_TOKEN (see forge.py).
#
#   BILLSYNC_FILES       files and folders, and options about them, such as --overlay=production.yaml
#   BILLSYNC_CONNECTION  options that name the server, such as --profile=production; or set BILLSYNC_SERVER
#   BILLSYNC_DIFF        more options of the diff, such as --impact, --since=origin/main and --allow=cancel
#   BILLSYNC_NAME        tells this comment and this issue from others: billsync
#   BILLSYNC_BEHAVIOUR   of the comment: update, new, hide-and-new, delete-and-new, or none for no comment
#   BILLSYNC_OUT         the folder of plan.json, comment.md, page.html, drift.md, drill.md, drill.html: .
#   BILLSYNC_SNAPSHOT    where drill writes the snapshot, which holds personal data: live.snapshot in BILLSYNC_OUT
#   BILLSYNC_ARTIFACT    where sync finds the plan file: the artifact's name, on GitLab the job's; empty: in BILLSYNC_OUT
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
name=${BILLSYNC_NAME:-billsync}
out=${BILLSYNC_OUT:-.}
behaviour=${BILLSYNC_BEHAVIOUR:-update}
plan=$out/plan.json

lines() { # the entries of a list, without blanks around them and without empty ones
  sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' -e '/^$/d' <<<"$1"
}

mapfile -t files < <(lines "${BILLSYNC_FILES:-}")
mapfile -t connection < <(lines "${BILLSYNC_CONNECTION:-}")
mapfile -t more < <(lines "${BILLSYNC_DIFF:-}")

forge() { python3 "$here/forge.py" "$@"; }

say() { # the comment, unless none is wanted; also the summary of a job on GitHub
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then cat "$out/comment.md" >>"$GITHUB_STEP_SUMMARY"; fi
  if [ "$behaviour" != none ]; then
    forge comment "$out/comment.md" --name "$name" --behaviour "$behaviour" "$@"
  fi
}

broken() { # an older comment must not stand for a commit that it isn't about
  rm -f "$plan"
  echo "billsync could not compare this commit (exit code $1): see the log of the job." >"$out/comment.md"
  say --nothing-changes || true
  exit "$1"
}

check() {
  local code=0
  rm -f "$plan"
  billsync validate "${files[@]}" || broken $?
  billsync diff "${files[@]}" "${connection[@]}" "${more[@]}" --exit-code --comment-id "$name" \
    --out "markdown=$out/comment.md" --out "html=$out/page.html" --out "plan=$plan" || code=$?
  case $code in
  0) say --nothing-changes ;;
  2) say ;;
  4)
    say
    exit 4
    ;;
  *) broken $code ;;
  esac
}

sync() {
  if [ -n "${BILLSYNC_ARTIFACT:-}" ]; then forge plan "$plan" --artifact "$BILLSYNC_ARTIFACT"; fi
  billsync sync --plan-file "$plan" "${connection[@]}" --yes
}

drift() {
  local code=0
  billsync drift "${files[@]}" "${connection[@]}" --exit-code --comment-id "$name" --out "markdown=$out/drift.md" || code=$?
  case $code in
  0) forge issue "$out/drift.md" --name "$name" --title "Billing: $name" --over ;;
  2) forge issue "$out/drift.md" --name "$name" --title "Billing: $name is not as its files say" ;;
  *) exit $code ;;
  esac
}

drill() { # the snapshot stays where it is: a step of your own keeps it in a safe place
  local code=0 snapshot=${BILLSYNC_SNAPSHOT:-$out/live.snapshot}
  rm -f "$snapshot"
  billsync dump "${connection[@]}" --snapshot "$snapshot" --events
  billsync drill "$snapshot" --comment-id "$name-drill" \
    --out "markdown=$out/drill.md" --out "html=$out/drill.html" || code=$?
  case $code in
  0) forge issue "$out/drill.md" --name "$name-drill" --title "Billing: $name" --over ;;
  4) forge issue "$out/drill.md" --name "$name-drill" --title "Billing: $name would not come back as it was" ;;
  *) exit $code ;;
  esac
}

case ${1:-} in
check | sync | drift | drill)
  mkdir -p "$out"
  "$1"
  ;;
*)
  echo "usage: billing.sh check|sync|drift|drill" >&2
  exit 64
  ;;
esac
