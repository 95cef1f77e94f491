# From a task code to a finished run.

ss_service <- function(url, api_key = NULL, timeout = 60, attempts = 4L, progress = interactive()) {
  stopifnot(is.character(url), length(url) == 1L)
  structure(class = "statasvc_service", list(
    url = sub("/+$", "", url), credential = api_key, timeout = timeout, attempts = as.integer(attempts),
    progress = progress
  ))
}

ss_redeem <- function(service, task_code, requirement = NULL, data_sharing = NULL, client_ref = NULL) {
  body <- list(task_code = task_code, requirement = requirement, data_sharing = data_sharing,
               client_ref = client_ref)
  answer <- api_redeem_task_code(service, body = Filter(Negate(is.null), body))
  ss_job(service, answer$job_id, answer$token)
}

ss_job <- function(service, job_id, token) {
  job <- unclass(service)
  job$credential <- token
  job$job_id <- job_id
  structure(class = "statasvc_job", job)
}

ss_upload <- function(job, ..., roles = NULL) {
  files <- c(...)
  stopifnot(is.character(files), length(files) > 0L)
  absent <- files[!file.exists(files)]
  if (length(absent) > 0) stop("no such file: ", paste(absent, collapse = ", "))
  if (is.null(roles)) roles <- c("primary_dataset", rep("auxiliary_data", length(files) - 1L))
  form <- c(
    all_named("file", lapply(files, curl::form_file, type = "application/octet-stream")),
    all_named("role", as.list(roles)), all_named("filename", as.list(basename(files)))
  )
  call_service(job, "POST", paste0("/v1/jobs/", path_part(job$job_id), "/inputs/upload"), files = form)
  show_progress(job, "upload", 1, ended = TRUE)
  repeat {
    seen <- tryCatch(api_preview_inputs(job, job$job_id), INPUTS_MISSING = function(problem) problem)
    if (!inherits(seen, "condition")) break
    if (!identical(seen$context$reason, "ingesting")) stop(seen)
    show_progress(job, "read", text = "the service reads the data")
    Sys.sleep(text_or(seen$retry_after, 1))
  }
  told_remarks(as_frame(lapply(seen$columns, told_categories)), seen$warnings)
}

# A column whose categories are one text: `1 = male (40), 2 = female (38)`.
told_categories <- function(column) {
  one <- function(category) {
    label <- if (is.null(category$label)) "" else paste0(" = ", category$label)
    rows <- if (is.null(category$rows)) "" else paste0(" (", category$rows, ")")
    paste0(category$value, label, rows)
  }
  if (!is.null(column$categories)) column$categories <- paste(vapply(column$categories, one, ""), collapse = ", ")
  column
}

# The columns with the remarks on the data as an attribute; those that need a look are shown.
told_remarks <- function(columns, warnings) {
  field <- function(name) vapply(warnings, function(w) text_or(w[[name]], NA_character_), "")
  remarks <- data.frame(severity = field("severity"), column = field("column"), message = field("message"),
                        stringsAsFactors = FALSE)
  for (text in remarks$message[remarks$severity == "warning"]) message("remark: ", text)
  attr(columns, "remarks") <- remarks
  columns
}

all_named <- function(name, values) {
  names(values) <- rep(name, length(values))
  values
}

ss_draft <- function(job, ...) {
  fields <- list(...)
  # a role with one column is a list of columns all the same
  fields$roles <- lapply(fields$roles, function(columns) if (is.list(columns)) columns else I(columns))
  invisible(api_state_draft(job, job$job_id, body = fields[lengths(fields) > 0]))
}

ss_suggest_draft <- function(job, submit = FALSE) {
  api_suggest_draft(job, job$job_id, body = list(submit = submit))
}

ss_model_draft <- function(job, wait = 300) {
  end <- Sys.time() + wait
  path <- paste0("/v1/jobs/", path_part(job$job_id), "/draft/preview")
  repeat {
    answer <- call_service(job, "GET", path, whole = TRUE)
    if (answer$status != 202L) return(answer$body)
    if (identical(answer$body$reason, "inputs_missing")) stop(answer$body$message)
    show_progress(job, "draft", text = "the model writes a draft")
    wait_until(end, answer$body$retry_after_seconds, "the draft")
  }
}

ss_preview <- function(job, ...) api_preview_plan(job, job$job_id, body = list(...))

ss_freeze <- function(job, ...) invisible(api_freeze_plan(job, job$job_id, body = list(...))$plan)

ss_run <- function(job, wait = 3600, output_formats = NULL) {
  body <- if (is.null(output_formats)) list() else list(output_formats = I(output_formats))
  api_run_job(job, job$job_id, body = body)
  end <- Sys.time() + wait
  repeat {
    now <- api_get_job(job, job$job_id)
    show_job(job, now)
    if (now$status %in% c("succeeded", "failed", "cancelled")) break
    wait_until(end, text_or(now$poll_after_seconds, 0.5), "the run")
  }
  ss_result(job)
}

ss_result <- function(job, run_id = NULL) {
  runs <- api_list_runs(job, job$job_id)$runs
  if (!is.null(run_id)) runs <- Filter(function(run) identical(run$run_id, run_id), runs)
  if (length(runs) == 0) stop("the job has no such run")
  run <- runs[[length(runs)]]
  if (!identical(run$status, "succeeded")) stop(run_failed(run))
  structure(class = "statasvc_run", run)
}

wait_until <- function(end, seconds, what) {
  left <- as.numeric(difftime(end, Sys.time(), units = "secs"))
  if (left <= 0) stop(took_too_long(what))
  Sys.sleep(min(seconds, left))
}

# A secret is not printed.
print.statasvc_service <- function(x, ...) {
  cat("<stata-service ", x$url, ">\n", sep = "")
  invisible(x)
}

print.statasvc_job <- function(x, ...) {
  cat("<job ", x$job_id, " at ", x$url, ">\n", sep = "")
  invisible(x)
}
