# One line for each phase, on standard error, written over itself.

show_progress <- function(client, phase, share = NULL, text = "", ended = FALSE) {
  if (!isTRUE(client$progress)) return(invisible())
  full <- if (ended && is.null(share)) 24L else as.integer(round(24 * text_or(share, 0)))
  bar <- paste0(strrep("=", full), strrep(" ", 24L - full))
  percent <- if (is.null(share)) "    " else sprintf("%3.0f%%", 100 * share)
  cat(sprintf("\r%-8s [%s] %s %-40s", phase, bar, percent, substr(text, 1, 40)), file = stderr())
  if (ended) cat("\n", file = stderr())
  invisible()
}

upload_progress <- function(client) {
  function(down, up) {
    if (length(up) == 2 && up[[1]] > 0) {
      show_progress(client, "upload", up[[2]] / up[[1]], sprintf("%.1f of %.1f MB", up[[2]] / 1e6, up[[1]] / 1e6))
    }
    TRUE
  }
}

show_job <- function(client, job) {
  if (identical(job$status, "queued")) {
    ahead <- text_or(job$queue$position, 0)
    return(show_progress(client, "queue", text = if (ahead > 0) sprintf("%d before this one", ahead) else "next"))
  }
  step <- job$latest_run$progress
  if (!is.null(step)) return(show_progress(client, "run", step$index / max(1, step$total), step$step))
  show_progress(client, "run", text = job$status, ended = job$status %in% c("succeeded", "failed", "cancelled"))
}
