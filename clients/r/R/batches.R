# Several specifications at once, and any runs side by side.

ss_batch <- function(job, ..., wait = 3600) {
  made <- api_create_batch(job, job$job_id, body = listed(list(...)))
  end <- Sys.time() + wait
  while (identical(made$status, "running") && wait > 0) {
    progress <- made$progress
    show_progress(job, "batch", progress$ended / max(1, progress$total),
                  sprintf("%d of %d specifications", progress$ended, progress$total))
    wait_until(end, text_or(made$poll_after_seconds, 0.5), "the batch")
    made <- api_get_batch(job, job$job_id, made$batch_id)
  }
  if (!identical(made$status, "running")) show_progress(job, "batch", 1, made$status, ended = TRUE)
  structure(class = "statasvc_batch", made)
}

# Columns and lists of specifications stay lists where they have one element or none.
listed <- function(request) {
  if (!is.null(request$base)) request$base <- draft_fields(request$base)
  for (axis in intersect(c("outcomes", "templates"), names(request$axes))) {
    request$axes[[axis]] <- as_list(request$axes[[axis]])
  }
  request$axes$controls <- lapply(request$axes$controls, function(set) {
    set$columns <- as_list(set$columns)
    set
  })
  if (length(request$axes$controls) == 0) request$axes$controls <- NULL
  if (!is.null(request$output_formats)) request$output_formats <- as_list(request$output_formats)
  request[lengths(request) > 0]
}

as_list <- function(values) if (is.list(values)) values else I(as.character(values))

ss_compare <- function(job, batch, ..., file = NULL) {
  batch_id <- if (inherits(batch, "statasvc_batch")) batch$batch_id else batch
  if (!is.null(file)) {
    format <- tolower(tools::file_ext(file))
    path <- paste0("/v1/jobs/", path_part(job$job_id), "/batches/", path_part(batch_id), "/comparison")
    call_service(job, "GET", path, query = list(format = format, ...), path_to = file)
    return(invisible(file))
  }
  compared(job, api_compare_batch(job, job$job_id, batch_id, format = "json", ...))
}

ss_compare_runs <- function(service, runs = NULL, ...) {
  if (is.null(runs)) runs <- succeeded_runs(service)
  compared(service, api_compare_runs(service, format = "json", ..., body = list(runs = run_records(service, runs))))
}

# The runs of a job that succeeded, those with estimates if there are any.
succeeded_runs <- function(job) {
  if (is.null(job$job_id)) stop("runs: say which runs to compare; only a job has runs that succeeded")
  runs <- Filter(function(run) identical(run$status, "succeeded"), api_list_runs(job, job$job_id)$runs)
  # none: the condition says why
  if (length(runs) == 0) runs <- list(ss_result(job))
  with_estimates <- Filter(function(run) length(run$results) > 0, runs)
  vapply(if (length(with_estimates) > 0) with_estimates else runs, function(run) run$run_id, "")
}

# Runs as the service wants them: of ids of runs of this job, of runs, of a data frame, of a list of records.
run_records <- function(service, runs) {
  if (inherits(runs, "statasvc_run")) runs <- list(runs)
  if (is.data.frame(runs)) {
    named <- runs[c("job_id", intersect("run_id", names(runs)))]
    return(lapply(seq_len(nrow(runs)), function(row) {
      record <- lapply(named, function(column) as.character(column[[row]]))
      Filter(function(value) !is.na(value), record)
    }))
  }
  lapply(unname(as.list(runs)), function(run) {
    if (is.character(run) && is.null(names(run))) run <- list(run_id = run)
    run <- as.list(run)
    if (is.null(run$job_id)) run$job_id <- service$job_id
    if (is.null(run$job_id)) stop("runs: a run needs its job_id, unless the first argument is its job")
    Filter(Negate(is.null), run[c("job_id", "run_id", "token")])
  })
}

# A comparison with what its runs warn of.
compared <- function(client, view) {
  rows <- lapply(view$columns, function(column) {
    if (is.null(column$job_id) || is.null(column$run_id)) return(NULL)
    # a run of another job may be hidden from this credential
    run <- tryCatch(api_get_run(client, column$job_id, column$run_id), statasvc_problem = function(problem) NULL)
    lapply(warned(run$checks), function(check) list(specification = column$name, check = check$id, text = check_line(check)))
  })
  view$warnings <- as_frame(unlist(rows, recursive = FALSE), c("specification", "check", "text"))
  structure(class = "statasvc_comparison", view)
}

glance.statasvc_comparison <- function(x, ...) {
  found <- Filter(Negate(is.null), x$summary)
  if (length(found) == 0) return(data.frame(specifications = length(x$columns), estimates = 0L))
  as.data.frame(c(list(term = x$term), found), stringsAsFactors = FALSE)
}

tidy.statasvc_comparison <- function(x, ...) {
  found <- c("index", "estimate", "std_error", "p_value", "ci_low", "ci_high")
  rows <- as_frame(x$curve, found)
  names(rows) <- c("specification", "estimate", "std.error", "p.value", "conf.low", "conf.high")
  labels <- vapply(x$columns, function(column) column$name, "")
  names(labels) <- vapply(x$columns, function(column) as.character(column$index), "")
  if (nrow(rows) > 0) rows$specification <- unname(labels[as.character(rows$specification)])
  rows
}

print.statasvc_batch <- function(x, ...) {
  cat("<batch ", x$batch_id, " ", x$status, ", ", x$progress$ended, " of ", x$progress$total, " specifications>\n", sep = "")
  invisible(x)
}

print.statasvc_comparison <- function(x, ...) {
  cat("<comparison of ", length(x$columns), " specifications, ", text_or(x$term, "no common term"), ">\n", sep = "")
  print(tidy(x), row.names = FALSE, ...)
  cat(unlist(c(x$sentences, x$notes)), sep = "\n")
  if (nrow(x$warnings) > 0) cat(paste0("warning: ", x$warnings$specification, ": ", x$warnings$text), sep = "\n")
  invisible(x)
}
