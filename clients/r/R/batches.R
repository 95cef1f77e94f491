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
  if (!is.null(request$base$roles)) request$base$roles <- lapply(request$base$roles, as_list)
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
  structure(class = "statasvc_comparison", api_compare_batch(job, job$job_id, batch_id, format = "json", ...))
}

ss_compare_runs <- function(service, runs, ...) {
  records <- lapply(seq_len(nrow(runs)), function(row) {
    Filter(function(value) !is.na(value), as.list(runs[row, c("job_id", intersect("run_id", names(runs))), drop = FALSE]))
  })
  structure(class = "statasvc_comparison", api_compare_runs(service, format = "json", ..., body = list(runs = records)))
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
  cat(unlist(x$sentences), sep = "\n")
  invisible(x)
}
