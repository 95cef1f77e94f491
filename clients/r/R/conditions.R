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
  message <- sprintf("%s: %s (HTTP %d, trace %s)", code, document$detail, status, document$trace_id)
  condition(c(code, "statasvc_problem"), paste(c(message, step[nzchar(step)]), collapse = "\n"),
            code = code, advice = step, status = status, detail = document$detail, context = document$context,
            trace_id = document$trace_id, retryable = document$retryable,
            retry_after = document$retry_after_seconds)
}

unreachable <- function(client, error) {
  condition("statasvc_unreachable", sprintf("no response from %s: %s\nCheck the address and that the service runs, then call again.",
                                            client$url, conditionMessage(error)))
}

run_failed <- function(run) {
  evidence <- vapply(run$evidence, function(line) trimws(line$text), "")
  text <- paste(c(sprintf("run %s %s: %s", run$run_id, run$status, text_or(run$cause, "")), evidence), collapse = "; ")
  condition("statasvc_run_failed", text, run = run)
}

took_too_long <- function(what) {
  condition("statasvc_took_too_long", sprintf("%s continues at the service; ask again later", what))
}

condition <- function(class, message, ...) {
  structure(class = c(class, "statasvc_error", "error", "condition"), list(message = message, call = NULL, ...))
}

text_or <- function(value, otherwise) if (is.null(value)) otherwise else value
