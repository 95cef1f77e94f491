# Series whose likelihood has several maxima, or one where the moving average has a root on the unit circle: the largest log
# likelihood that R's arima() reaches by exact maximum likelihood from both of its starts, and the estimates there.
# Writes data/arima_maxima.csv and cases/arima_maxima.json below crates/dofile/tests/oracles; needs R and nothing else.
set.seed(7)
models <- list(list(ar = .8), list(ar = c(.5, .3)), list(ma = .6), list(ma = c(.5, -.3)), list(ar = .7, ma = .4),
               list(ar = c(1.2, -.5), ma = -.7), list(ar = .6, ma = c(.3, .2)), list(ar = c(.4, -.4), ma = c(.5, .3)),
               list(ar = .5, ma = -.9), list(ar = .95, ma = -.8))
series <- list()
for (model in models) for (n in c(60, 150)) series[[length(series) + 1]] <- round(5 + as.numeric(arima.sim(model, n = n)), 5)

best <- function(x, order) {
  fits <- lapply(c("ML", "CSS-ML"), function(method) {
    drift <- if (order[2] == 1) seq_along(x) else NULL
    try(suppressWarnings(arima(x, order = order, method = method, xreg = drift,
                               optim.control = list(maxit = 5000, reltol = 1e-14))), silent = TRUE)
  })
  fits <- Filter(function(fit) !inherits(fit, "try-error"), fits)
  fits[[which.max(vapply(fits, function(fit) fit$loglik, 0))]]
}

chosen <- list(list(4, c(3, 0, 1)), list(6, c(1, 0, 2)), list(8, c(2, 0, 2)), list(15, c(0, 1, 1)), list(17, c(1, 1, 1)))
number <- function(x) formatC(x, digits = 10, format = "g")
data <- data.frame(t = 1:150)
cases <- character()
for (one in chosen) {
  x <- series[[one[[1]]]]
  order <- one[[2]]
  name <- paste0("y", one[[1]])
  data[[name]] <- c(x, rep(NA, 150 - length(x)))
  fit <- best(x, order)
  values <- fit$coef[grepl("^(ar|ma)", names(fit$coef))]
  on_circle <- any(Mod(polyroot(c(1, values[grepl("^ma", names(values))]))) < 1 + 1e-3)
  expect <- sprintf('"e(ll)": %s', number(fit$loglik))
  # the estimates of a root on the circle converge slowly: only the likelihood is compared
  if (!on_circle) for (j in seq_along(values)) {
    expect <- c(expect, sprintf('"el(e(b),1,%d)": %s', j + 1, number(values[j])))
  }
  cases <- c(cases, sprintf(
    '    {"name": "arima(%s) of %s", "data": "arima_maxima.csv", "do": "tsset t\\narima %s, arima(%s)", "expect": {%s}, "tol": %s, "source": "R arima()"}',
    paste(order, collapse = ","), name, name, paste(order, collapse = ","), paste(expect, collapse = ", "),
    if (on_circle) "2e-06" else "1e-03"))
}
write.csv(data, "crates/dofile/tests/oracles/data/arima_maxima.csv", row.names = FALSE, quote = FALSE, na = "")
writeLines(c('{', '  "source": "R arima(), exact maximum likelihood, the better of its two starts (scripts/oracles/engine/make_arima_maxima.R)",',
             '  "cases": [', paste(cases, collapse = ",\n"), '  ]', '}'),
           "crates/dofile/tests/oracles/cases/arima_maxima.json")
