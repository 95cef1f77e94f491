# Counts with too many zeros whose likelihood has several maxima: the log likelihood that zeroinfl() of R's package pscl
# reaches, and the estimates there. From the constants alone these data lead to a lower maximum, at
# which hardly any zero is an extra one.
# Writes data/zinb_maxima.csv and cases/zinb_maxima.json below crates/dofile/tests/oracles; needs R with pscl (Debian r-cran-pscl).
library(pscl)
number <- function(x) formatC(x, digits = 10, format = "g")
data <- NULL
cases <- character()
for (s in c(46, 125, 141)) {
  set.seed(1000 + s)
  n <- c(40, 80, 150, 300)[1 + s %% 4]
  d <- data.frame(x1 = rnorm(n), x2 = rexp(n), b = rbinom(n, 1, .4))
  eta <- .8 + .5 * d$x1 - .2 * d$x2
  extra <- runif(n) < plogis(-.8 + c(0, .8)[1 + s %% 2] * d$x1)
  d$y <- ifelse(extra, 0, rnbinom(n, mu = exp(eta), size = c(.7, 1.5, 8)[1 + s %% 3]))
  d <- data.frame(set = s, x1 = round(d$x1, 4), x2 = round(d$x2, 4), y = d$y)
  strict <- zeroinfl.control(reltol = 1e-14, maxit = 10000, EM = FALSE)
  fit <- suppressWarnings(zeroinfl(y ~ x1 + x2 | x1, d, dist = "negbin", control = strict))
  count <- fit$coefficients$count
  zero <- fit$coefficients$zero
  expect <- c(sprintf('"e(ll)": %s', number(fit$loglik)),
              sprintf('"[y]_b[%s]": %s', c("x1", "x2", "_cons"), number(count[c(2, 3, 1)])),
              sprintf('"[inflate]_b[%s]": %s', c("x1", "_cons"), number(zero[c(2, 1)])),
              sprintf('"e(alpha)": %s', number(1 / fit$theta)))
  cases <- c(cases, sprintf(
    '    {"name": "zinb of set %d", "data": "zinb_maxima.csv", "do": "keep if set == %d\\nzinb y x1 x2, inflate(x1)", "expect": {%s}, "tol": 2e-05, "source": "R pscl zeroinfl()"}',
    s, s, paste(expect, collapse = ", ")))
  data <- rbind(data, d)
}
write.csv(data, "crates/dofile/tests/oracles/data/zinb_maxima.csv", row.names = FALSE, quote = FALSE)
writeLines(c('{', '  "source": "R pscl zeroinfl() (scripts/oracles/engine/make_zinb_maxima.R)",',
             '  "cases": [', paste(cases, collapse = ",\n"), '  ]', '}'),
           "crates/dofile/tests/oracles/cases/zinb_maxima.json")
