#!/usr/bin/env bash
# What the action does, by task. All that it is told comes from the environment.
set -euo pipefail

report="${PROMPTOPS_ACTION_REPORT:-promptops-report}"
suites=()
# A glob is promptops' to resolve, not the shell's.
read -r -a suites <<< "${PROMPTOPS_ACTION_SUITES:-}"
group=()
[ -z "${PROMPTOPS_ACTION_GROUP:-}" ] || group=(--group "$PROMPTOPS_ACTION_GROUP")

# A line that begins with `::` would be a command to the runner, and outputs of models may hold one.
quietly() {
  local word code=0
  word="$(python -c 'import secrets; print(secrets.token_hex(16))')"
  echo "::stop-commands::$word"
  "$@" || code=$?
  echo "::$word::"
  return "$code"
}

pull_ledger() {
  quietly promptops ledger pull || echo "promptops: the ledger could not be read; the base is evaluated where it has to be" >&2
}

gate() {
  local options=() code=0
  [ "${PROMPTOPS_ACTION_STRICT:-false}" != true ] || options+=(--strict)
  if [ "${PROMPTOPS_ACTION_OFFLINE:-false}" = true ]; then
    # Without a key there are no rights either: the comment is another workflow's.
    options+=(--offline)
  else
    quietly promptops comment --running "${group[@]}" || true
  fi
  pull_ledger
  mkdir -p "$report"
  quietly promptops gate "${suites[@]}" "${options[@]}" \
    --report "json=$report/report.json" \
    --report "markdown=$report/report.md" \
    --report "html=$report/report.html" \
    --report "junit=$report/junit.xml" \
    --report "sarif=$report/report.sarif" \
    --report "annotations=$report/annotations.txt" || code=$?
  if [ -f "$report/report.json" ]; then
    # These are commands to the runner, and nothing in them is a model's.
    [ ! -f "$report/annotations.txt" ] || cat "$report/annotations.txt"
    quietly promptops comment --from "$report/report.json" "${group[@]}" || true
  elif [ "${PROMPTOPS_ACTION_OFFLINE:-false}" != true ]; then
    quietly promptops comment --failed "${group[@]}" || true
  fi
  return "$code"
}

publish() {
  pull_ledger
  quietly promptops eval "${suites[@]}"
  quietly promptops ledger push
}

comment() {
  if [ -f "$report/report.json" ]; then
    quietly promptops comment --from "$report/report.json" "${group[@]}"
  else
    quietly promptops comment --failed "${group[@]}"
  fi
}

case "${PROMPTOPS_ACTION_TASK:?}" in
  gate) gate ;;
  publish) publish ;;
  comment) comment ;;
  *)
    echo "promptops: there is no task \`$PROMPTOPS_ACTION_TASK\`; the tasks are gate, publish, comment" >&2
    exit 2
    ;;
esac
