# Errors of the service as conditions: the first class is the error code.

problem_of <- function(response, path_to = NULL) {
  status <- httr2::resp_status(response)
  text <- if (is.null(path_to)) {
    if (length(httr2::resp_body_raw(response)) == 0) "" else httr2::resp_body_string(response)
  } else {
    paste(readLines(path_to, warn = FALSE), collapse = "\n")
  }
  document <- tryCatch(from_json(text), error = function(e) NULL)
  if (!is.list(document) || is.null(document$error_code)) {
    return(condition("statasvc_unexpected_answer", sprintf("HTTP %d without a problem document", status),
                     status = status))
  }
  code <- document$error_code
  step <- if (code %in% names(advice)) advice[[code]] else ""
  # the service names routes where this package has functions
  detail <- gsub("POST [^ ]*/plan/revise", "ss_revise(job)", document$detail)
  detail <- gsub("PUT draft", "ss_draft(job, ...)", detail, fixed = TRUE)
  message <- sprintf("%s: %s (HTTP %d, trace %s)", code, detail, status, document$trace_id)
  condition(c(code, "statasvc_problem"), paste(c(message, step[nzchar(step)]), collapse = "\n"),
            code = code, advice = step, status = status, detail = document$detail, context = document$context,
            trace_id = document$trace_id, retryable = document$retryable,
            retry_after = document$retry_after_seconds)
}

unreachable <- function(client, error) {
  condition("statasvc_unreachable", sprintf("no response from %s: %s\nCheck the address and that the service runs, then call again.",
                                            client$url, conditionMessage(error)))
}

# What the job allows next, as a call of this package.
next_calls <- c(upload_inputs = "ss_upload(job, ...)", state_draft = "ss_draft(job, ...)", freeze_plan = "ss_freeze(job)",
                run = "ss_run(job)", revise_plan = "ss_revise(job)")

next_call <- function(job) {
  actions <- vapply(job$next_actions, function(action) action$action, "")
  calls <- next_calls[actions[actions %in% names(next_calls)]]
  if (length(calls) > 0) calls[[1]] else "ss_status(job)"
}

no_results <- function(class, message, ...) condition(c(class, "statasvc_no_results"), message, ...)

not_run_yet <- function(job) {
  no_results("statasvc_not_run_yet", paste("the job has not run yet; next:", next_call(job)))
}

run_under_way <- function(job) {
  step <- job$latest_run$progress
  where <- if (is.null(step)) job$status else sprintf("%s: step %d of %d, %s", job$status, step$index, step$total, step$step)
  no_results("statasvc_run_under_way", sprintf(
    "the run is under way (%s)\nss_run(job) waits for its end, ss_cancel(job) ends it.", where), job = job)
}

run_cancelled <- function(run = NULL) {
  what <- if (is.null(run)) "the queued run" else paste("run", run$run_id)
  no_results("statasvc_run_cancelled", sprintf(
    "%s was cancelled\nss_run(job) runs the plan again, ss_revise(job) opens the draft.", what), run = run)
}

run_failed <- function(run) {
  checks <- Filter(function(check) identical(check$status, "fail"), run$checks)
  ids <- vapply(checks, function(check) check$id, "")
  cause <- text_or(run$cause, "no cause is recorded")
  # the detail of a failed check is its id, which its own line has
  if (!is.null(run$cause_detail) && !any(vapply(ids, grepl, NA, run$cause_detail, fixed = TRUE))) {
    cause <- sprintf("%s (%s)", cause, run$cause_detail)
  }
  evidence <- vapply(run$evidence, function(line) trimws(line$text), "")
  # lines of the log that programs read
  evidence <- evidence[nzchar(evidence) & !startsWith(evidence, "SS_EVENT|")]
  text <- paste(c(cause, vapply(checks, check_line, ""), evidence), collapse = "; ")
  no_results("statasvc_run_failed", sprintf("run %s failed: %s", run$run_id, text), run = run)
}

# A check of a run or a plan: its id, and its words or its value.
check_line <- function(check) {
  said <- text_or(check$message, check$value)
  if (is.null(said)) check$id else paste0(check$id, ": ", said)
}

warned <- function(checks) Filter(function(check) identical(check$status, "warn"), checks)

took_too_long <- function(what) {
  condition("statasvc_took_too_long", sprintf("%s continues at the service; ask again later", what))
}

condition <- function(class, message, ...) {
  structure(class = c(class, "statasvc_error", "error", "condition"), list(message = message, call = NULL, ...))
}

# A warning that `withCallingHandlers()` can name and whose check it has.
plan_warning <- function(check) {
  structure(class = c("statasvc_plan_warning", "warning", "condition"),
            list(message = check_line(check), call = NULL, check = check))
}

text_or <- function(value, otherwise) if (is.null(value)) otherwise else value
