# The numbers, tables and figures of a run.

tidy.statasvc_run <- function(x, ...) {
  of <- c("model", "equation")
  # where the rows are of several models or equations
  of <- of[vapply(of, function(name) any(vapply(x$results, function(row) !is.null(row[[name]]), NA)), NA)]
  rows <- as_frame(x$results, c(of, "term", "label", "estimate", "std_error", "p_value", "ci_low", "ci_high"))
  # a variable without a label is called by its name
  rows$label[is.na(rows$label)] <- rows$term[is.na(rows$label)]
  names(rows) <- c(of, "term", "label", "estimate", "std.error", "p.value", "conf.low", "conf.high")
  # where the estimate is the logarithm of a ratio
  ratios <- Filter(Negate(is.null), lapply(x$results, function(row) row$ratio$kind))
  if (length(ratios) > 0) {
    part <- function(name) vapply(x$results, function(row) if (is.null(row$ratio[[name]])) NA_real_ else row$ratio[[name]], 0)
    kind <- gsub("_", ".", ratios[[1]], fixed = TRUE)
    rows[paste0(kind, c("", ".low", ".high"))] <- list(part("value"), part("low"), part("high"))
  }
  rows
}

# names of the service and those that R users know from other models
known_metrics <- c(n_used = "nobs", r2 = "r.squared", r2_a = "adj.r.squared", rmse = "sigma", f_stat = "statistic",
                   df_r = "df.residual", ll = "logLik", aic = "AIC", bic = "BIC")

glance.statasvc_run <- function(x, ...) {
  metrics <- Filter(Negate(is.null), x$metrics)
  # rows that the steps of the sample left are no numbers of the fit
  metrics <- metrics[!grepl("^(step_[0-9]+_rows|n_(main|total|selected))$", names(metrics))]
  known <- names(metrics) %in% names(known_metrics)
  names(metrics)[known] <- known_metrics[names(metrics)[known]]
  if (length(metrics) == 0) return(data.frame(row.names = 1L))
  as.data.frame(metrics, stringsAsFactors = FALSE)
}

print.statasvc_run <- function(x, ...) {
  cat("<run ", x$run_id, " ", x$status, ", engine ", text_or(x$engine$kind, "unknown"), ">\n", sep = "")
  # a test has no estimates
  print(if (length(x$results) > 0) tidy(x) else glance(x), row.names = FALSE, ...)
  for (check in warned(x$checks)) cat("warning: ", check_line(check), "\n", sep = "")
  invisible(x)
}

ss_findings <- function(job, run = ss_result(job), language = c("en", "zh"), decimals = 3) {
  said <- api_get_run_findings(job, job$job_id, run$run_id, language = match.arg(language), decimals = decimals)
  structure(class = "statasvc_findings", list(findings = as_frame(said$findings, c("text", "file")), notes = unlist(said$notes)))
}

print.statasvc_findings <- function(x, ...) {
  cat(strwrap(c(x$findings$text, x$notes), initial = "- ", prefix = "  "), sep = "\n")
  invisible(x)
}

ss_tables <- function(job, run = ss_result(job)) {
  files <- artifacts_of(job, run$run_id, "stata.export.table", "csv")
  lapply(files, function(rel_path) {
    text <- rawToChar(api_get_artifact(job, job$job_id, rel_path))
    Encoding(text) <- "UTF-8"
    utils::read.csv(text = text, check.names = FALSE, na.strings = "", encoding = "UTF-8")
  })
}

ss_figures <- function(job, folder, run = ss_result(job)) {
  drawings <- artifacts_of(job, run$run_id, "stata.export.figure", "svg")
  made <- ss_render(job, "png", run = run)
  dir.create(folder, showWarnings = FALSE, recursive = TRUE)
  paths <- lapply(drawings, function(drawing) {
    of_it <- Filter(function(artifact) drawing %in% unlist(artifact$meta$derived_from), made)
    if (length(of_it) == 0) return(NULL)
    path <- file.path(folder, sub("svg$", "png", basename(drawing)))
    save_artifact(job, of_it[[1]], path)
  })
  # the data behind each figure, where the engine writes them
  for (artifact in api_list_artifacts(job, job$job_id)$artifacts) {
    if (identical(artifact$meta$run_id, run$run_id) && !is.null(artifact$meta$data_of)) {
      save_artifact(job, artifact, file.path(folder, basename(artifact$rel_path)))
    }
  }
  unlist(Filter(Negate(is.null), paths))
}

ss_render <- function(job, formats, ..., run = ss_result(job), wait = 300) {
  end <- Sys.time() + wait
  path <- paste0("/v1/jobs/", path_part(job$job_id), "/runs/", path_part(run$run_id), "/render")
  repeat {
    answer <- call_service(job, "POST", path, body = list(formats = I(formats), ...), whole = TRUE)
    if (answer$status != 202L) return(answer$body$artifacts)
    wait_until(end, answer$body$retry_after_seconds, "the rendering")
  }
}

ss_download <- function(job, folder, kinds = NULL) {
  found <- api_list_artifacts(job, job$job_id)$artifacts
  if (!is.null(kinds)) found <- Filter(function(artifact) artifact$kind %in% kinds, found)
  paths <- character()
  for (artifact in found) {
    path <- file.path(folder, artifact$rel_path)
    dir.create(dirname(path), showWarnings = FALSE, recursive = TRUE)
    paths <- c(paths, save_artifact(job, artifact, path))
    show_progress(job, "download", length(paths) / length(found), basename(path), length(paths) == length(found))
  }
  paths
}

ss_capsule <- function(job, path, data = c("include", "hash"), llm = c("include", "exclude"), run_id = NULL) {
  part <- paste0(path, ".part")
  on.exit(unlink(part))
  query <- list(data = match.arg(data), llm = match.arg(llm), run_id = run_id)
  call_service(job, "GET", paste0("/v1/jobs/", path_part(job$job_id), "/capsule"), query = query, path_to = part)
  file.rename(part, path)
  invisible(path)
}

artifacts_of <- function(job, run_id, kind, suffix) {
  found <- Filter(function(artifact) {
    artifact$kind == kind && identical(artifact$meta$run_id, run_id) &&
      endsWith(artifact$rel_path, paste0(".", suffix))
  }, api_list_artifacts(job, job$job_id)$artifacts)
  paths <- vapply(found, function(artifact) artifact$rel_path, "")
  as.list(named_by_file(paths, suffix))
}

named_by_file <- function(paths, suffix) {
  names(paths) <- sub(paste0("\\.", suffix, "$"), "", basename(paths))
  paths
}

save_artifact <- function(job, artifact, path) {
  rel_path <- path_part(artifact$rel_path)
  call_service(job, "GET", paste0("/v1/jobs/", path_part(job$job_id), "/artifacts/", rel_path), path_to = path)
  if (sha256_of(path) != artifact$sha256) {
    stop(condition("statasvc_unexpected_answer", paste(artifact$rel_path, "is not what the service recorded")))
  }
  path
}

# The hash of the bytes of a file: without `raw`, R would unpack a gz, bz2 or xz file while it reads.
sha256_of <- function(path) {
  bytes <- file(path, "rb", raw = TRUE)
  on.exit(close(bytes))
  as.character(openssl::sha256(bytes))
}

# A list of records as a data frame; a value that a record does not have is missing. Without records it has no rows.
as_frame <- function(records, columns = unique(unlist(lapply(records, names)))) {
  values <- lapply(columns, function(name) {
    if (length(records) == 0) return(logical())
    cells <- lapply(records, function(record) if (is.null(record[[name]])) NA else record[[name]])
    if (all(lengths(cells) == 1L)) unlist(cells) else I(cells)
  })
  names(values) <- columns
  as.data.frame(values, stringsAsFactors = FALSE)
}
