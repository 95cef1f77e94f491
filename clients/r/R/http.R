# Requests: repeated where that is safe, errors as conditions.

later <- c(429L, 502L, 503L, 504L)
longest_pause <- 300

#' One request to the service; the JSON of the response, or its bytes.
#' `files` are fields of a multipart form; `path_to` is a file for the bytes of the response.
#' @noRd
call_service <- function(client, method, path, query = list(), body = NULL, files = NULL, path_to = NULL,
                         whole = FALSE) {
  key <- idempotency_key()
  for (attempt in seq_len(client$attempts)) {
    # a form has another boundary each time, so each attempt is another request to the service
    if (!is.null(files)) key <- idempotency_key()
    request <- build_request(client, method, path, query, body, files, key)
    response <- tryCatch(httr2::req_perform(request, path = path_to), error = function(e) e)
    last <- attempt == client$attempts
    if (inherits(response, "error")) {
      if (last) stop(unreachable(client, response))
      Sys.sleep(backoff(attempt))
      next
    }
    status <- httr2::resp_status(response)
    if (status < 300L) {
      # a page of a proxy that wants a login, say; only files may be pages
      if (grepl("html", text_or(httr2::resp_header(response, "Content-Type"), "")) && !grepl("/artifacts/", path, fixed = TRUE)) {
        if (!is.null(path_to)) unlink(path_to)
        stop(condition("statasvc_unexpected_answer", status = status, message = sprintf(
          "%s sent a page, which stata-service does not send there; check the address and the proxy", client$url)))
      }
      return(if (whole) list(status = status, body = content_of(response)) else content_of(response, path_to))
    }
    problem <- problem_of(response, path_to)
    pause <- pause_before_next(response, problem, attempt)
    if (last || is.null(pause)) {
      # what is there is the error, not the file
      if (!is.null(path_to)) unlink(path_to)
      stop(problem)
    }
    Sys.sleep(pause)
  }
}

build_request <- function(client, method, path, query, body, files, key) {
  request <- httr2::req_method(httr2::request(paste0(client$url, path)), method)
  request <- httr2::req_error(request, is_error = function(response) FALSE)
  # httr2 would sleep as long as it is asked to, also after the last attempt; `call_service` decides instead
  request <- httr2::req_retry(request, max_tries = 1, is_transient = function(response) FALSE,
                              backoff = function(attempt) 0)
  # a large file may come from the object store of the service, which is not to get the credential
  request <- httr2::req_options(request, connecttimeout = client$timeout, low_speed_limit = 1,
                                low_speed_time = client$timeout, unrestricted_auth = 0L)
  if (!is.null(client$credential)) request <- httr2::req_auth_bearer_token(request, client$credential)
  if (method == "POST") request <- httr2::req_headers(request, `Idempotency-Key` = key)
  query <- Filter(Negate(is.null), query)
  if (length(query) > 0) request <- do.call(httr2::req_url_query, c(list(request), query))
  if (!is.null(body)) {
    request <- httr2::req_body_raw(request, to_json(body), type = "application/json")
  }
  if (!is.null(files)) {
    request <- do.call(httr2::req_body_multipart, c(list(request), files))
    request <- httr2::req_options(request, noprogress = FALSE, progressfunction = upload_progress(client))
  }
  request
}

to_json <- function(body) {
  if (length(body) == 0) return("{}")
  as.character(jsonlite::toJSON(body, auto_unbox = TRUE, null = "null", na = "null", digits = NA))
}

content_of <- function(response, path_to = NULL) {
  if (!is.null(path_to)) return(invisible(path_to))
  if (length(httr2::resp_body_raw(response)) == 0) return(NULL)
  if (!grepl("json", httr2::resp_content_type(response), fixed = TRUE)) return(httr2::resp_body_raw(response))
  from_json(httr2::resp_body_string(response))
}

from_json <- function(text) jsonlite::fromJSON(text, simplifyVector = FALSE)

# neither R's random numbers nor their seed are touched
idempotency_key <- function() {
  sprintf("%s-%d-%.0f", basename(tempfile("r")), Sys.getpid(), as.numeric(Sys.time()) * 1e6)
}

backoff <- function(attempt) min(8, 0.25 * 2^attempt)

# Seconds to wait before the same request again; NULL if it would not succeed.
pause_before_next <- function(response, problem, attempt) {
  # another server is still at work on an earlier sending of this request
  in_progress <- identical(problem$code, "IDEMPOTENCY_IN_PROGRESS")
  if (!(httr2::resp_status(response) %in% later || in_progress)) return(NULL)
  if (identical(problem$retryable, FALSE)) return(NULL)
  asked <- httr2::resp_header(response, "Retry-After")
  asked <- if (is.null(asked)) problem$retry_after else suppressWarnings(as.numeric(asked))
  if (is.null(asked) || is.na(asked)) return(backoff(attempt))
  if (asked <= longest_pause) asked else NULL
}

path_part <- function(value) {
  parts <- strsplit(as.character(value), "/", fixed = TRUE)[[1]]
  paste(vapply(parts, utils::URLencode, "", reserved = TRUE), collapse = "/")
}
