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
  fields <- draft_fields(list(...))
  invisible(api_state_draft(job, job$job_id, body = fields[lengths(fields) > 0]))
}

ss_patch <- function(job, ...) {
  invisible(api_patch_draft(job, job$job_id, body = list(field_updates = draft_fields(list(...)))))
}

# The fields of a draft as the service wants them: one column is a list of columns all the same, one record a list of
# records, a level a text.
draft_fields <- function(fields) {
  columns <- function(value) if (is.list(value) || is.null(value)) value else I(value)
  if (!is.null(fields$roles)) fields$roles <- lapply(fields$roles, columns)
  for (name in intersect(c("categorical_vars", "quantity_vars", "controls", "fixed_effects", "cluster_var", "instrument_vars"), names(fields))) {
    fields[name] <- list(columns(fields[[name]]))
  }
  terms <- fields$interaction_terms
  # one interaction is its columns
  if (is.character(terms)) terms <- list(terms)
  if (!is.null(terms)) fields$interaction_terms <- lapply(terms, columns)
  for (name in intersect(c("data_steps", "derived_variables"), names(fields))) {
    # a record has names, a list of records has none
    if (!is.null(names(fields[[name]]))) fields[[name]] <- list(fields[[name]])
    fields[[name]] <- lapply(fields[[name]], function(record) {
      for (part in intersect(c("keys", "missing", "remove", "rows"), names(record))) record[part] <- list(columns(record[[part]]))
      record
    })
  }
  if (!is.null(fields$base_levels)) fields$base_levels <- lapply(fields$base_levels, as.character)
  fields
}

ss_suggest_draft <- function(job, submit = FALSE) {
  api_suggest_draft(job, job$job_id, body = list(submit = submit))
}

ss_model_draft <- function(job, wait = 300, new = FALSE) {
  end <- Sys.time() + wait
  if (new) api_request_draft(job, job$job_id, body = list())
  path <- paste0("/v1/jobs/", path_part(job$job_id), "/draft/preview")
  repeat {
    answer <- call_service(job, "GET", path, whole = TRUE)
    if (answer$status != 202L) return(answer$body)
    if (identical(answer$body$reason, "inputs_missing")) stop(answer$body$message)
    show_progress(job, "draft", text = "the model writes a draft")
    wait_until(end, answer$body$retry_after_seconds, "the draft")
  }
}

ss_preview <- function(job, ...) api_preview_plan(job, job$job_id, body = freeze_fields(list(...)))

# One acknowledged check is a list of checks all the same, and one format a list of formats.
freeze_fields <- function(fields) {
  if (!is.null(names(fields$acknowledged_checks))) fields$acknowledged_checks <- list(fields$acknowledged_checks)
  if (!is.null(fields$output_formats)) fields$output_formats <- as_list(fields$output_formats)
  fields
}

ss_freeze <- function(job, ...) {
  # the freeze itself says what is wrong; for a plan that is frozen already the warnings have been shown
  refused <- function(problem) if (problem$status %in% c(400L, 409L, 412L, 422L)) list() else stop(problem)
  checks <- tryCatch(ss_preview(job, ...)$checks, statasvc_problem = refused)
  plan <- api_freeze_plan(job, job$job_id, body = freeze_fields(list(...)))$plan
  for (check in warned(checks)) warning(plan_warning(check))
  invisible(plan)
}

ss_revise <- function(job, reason = NULL) {
  invisible(api_revise_plan(job, job$job_id, body = Filter(Negate(is.null), list(reason = reason))))
}

ss_cancel <- function(job, reason = NULL) {
  invisible(api_cancel_job(job, job$job_id, body = Filter(Negate(is.null), list(reason = reason))))
}

ss_status <- function(job) structure(class = "statasvc_status", api_get_job(job, job$job_id))

print.statasvc_status <- function(x, ...) {
  cat("<job ", x$job_id, " ", x$status, "; next: ", next_call(x), ">\n", sep = "")
  if (x$status %in% under_way) cat(conditionMessage(run_under_way(x)), "\n", sep = "")
  invisible(x)
}

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
  run <- last_run(job)
  # it waited in the queue: the last attempt, if any, is of an earlier call
  if (identical(now$status, "cancelled") && !identical(run$status, "cancelled")) stop(run_cancelled())
  succeeded(run)
}

under_way <- c("queued", "running")

last_run <- function(job) {
  runs <- api_list_runs(job, job$job_id)$runs
  if (length(runs) > 0) runs[[length(runs)]]
}

# A run that succeeded; else a condition that says what is in the way.
succeeded <- function(run) {
  if (identical(run$status, "cancelled")) stop(run_cancelled(run))
  if (!identical(run$status, "succeeded")) stop(run_failed(run))
  structure(class = "statasvc_run", run)
}

ss_result <- function(job, run_id = NULL) {
  run <- if (is.null(run_id)) last_run(job) else api_get_run(job, job$job_id, run_id)
  if (is.null(run_id) || identical(run$status, "running")) {
    now <- api_get_job(job, job$job_id)
    # a queued job has no attempt yet: the last one has the numbers of an earlier plan
    if (now$status %in% under_way) stop(run_under_way(now))
    if (is.null(run)) stop(not_run_yet(now))
    if (identical(run$status, "running")) run <- api_get_run(job, job$job_id, run$run_id)
  }
  succeeded(run)
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
