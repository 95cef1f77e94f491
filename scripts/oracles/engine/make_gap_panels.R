# A panel with gaps and units of one period: estimators of [XT] by their formulas, and likelihoods that are maximised here
# with derivatives of numDeriv and integrated by 250 points of Gauss and Hermite.
# Writes data/gap_panel.csv and cases/gap_panels.json below crates/dofile/tests/oracles, from the root of the repository;
# needs R with numDeriv, survival, statmod and jsonlite (Debian r-cran-*).
suppressMessages({library(numDeriv); library(survival); library(statmod); library(jsonlite)})
folder <- "crates/dofile/tests/oracles"
set.seed(5)
unit <- function(i) {
  periods <- sort(sample(1:10, sample(1:8, 1)))
  k <- length(periods)
  a <- rnorm(1) * .8
  x <- round(.5 * a + rnorm(k), 3)
  z <- round(rnorm(k), 3)
  eta <- .6 * x - .4 * z + a
  data.frame(id = i, t = periods, x = x, z = z, y = round(eta + rnorm(k), 4), b = as.integer(runif(k) < plogis(eta)),
             c = rpois(k, exp(.4 * eta + .3) * rgamma(k, 2, 2)))
}
d <- do.call(rbind, lapply(1:45, unit))
d$yc <- pmax(d$y, 0)
write.csv(d, file.path(folder, "data/gap_panel.csv"), row.names = FALSE, quote = FALSE)

n <- nrow(d)
size <- as.numeric(table(d$id))
N <- length(size)
own <- ave(d$y, d$id, FUN = length)
mean_of <- function(v) ave(as.vector(v), d$id)
means <- function(v) as.vector(tapply(as.vector(v), d$id, mean))
sums <- function(v) as.vector(rowsum(as.vector(v), d$id))
X <- cbind(d$x, d$z, 1)
maximum <- function(ll, b) {
  f <- function(b) -ll(b)
  b <- optim(b, f, method = "BFGS", control = list(maxit = 5000, reltol = 1e-14))$par
  for (i in 1:20) {
    step <- as.vector(solve(hessian(f, b), grad(f, b)))
    b <- b - step
    if (max(abs(step)) < 1e-10) break
  }
  list(b = b, V = solve(hessian(f, b)), ll = -f(b))
}
cases <- list()
case <- function(name, line, b, V, extra = list(), tol = 1e-6) {
  V <- as.matrix(V)
  expect <- list()
  for (i in seq_along(b)) {
    expect[[sprintf("el(e(b),1,%d)", i)]] <- as.numeric(b[i])
    expect[[sprintf("sqrt(el(e(V),%d,%d))", i, i)]] <- sqrt(V[i, i])
  }
  expect <- c(expect, lapply(extra, as.numeric))
  cases[[length(cases) + 1]] <<- list(name = name, data = "gap_panel.csv", do = paste0("xtset id t\n", line), expect = expect, tol = tol)
}

# within: [XT] xtreg, Methods and formulas
shift <- function(v) v - mean_of(v) + mean(v)
W <- cbind(shift(d$x), shift(d$z), 1)
fit <- lm.fit(W, shift(d$y))
b <- coef(fit)
s2 <- sum(fit$residuals^2) / (n - N - 2)
bread <- solve(crossprod(W))
xb <- as.vector(X[, 1:2] %*% b[1:2])
u <- mean_of(d$y) - mean_of(xb) - b[3]
pooled <- sum(lm(y ~ x + z, d)$residuals^2)
case("xtreg, fe", "xtreg y x z, fe", b, s2 * bread,
     list("e(sigma_u)" = sd(means(u)), "e(sigma_e)" = sqrt(s2), "e(r2_b)" = cor(means(d$y), means(xb))^2, "e(r2_o)" = cor(d$y, xb)^2,
          "e(corr)" = cor(u, xb), "e(F_f)" = (pooled - s2 * (n - N - 2)) / (N - 1) / s2), 1e-8)
meat <- crossprod(rowsum(W * fit$residuals, d$id))
case("xtreg, fe robust", "xtreg y x z, fe vce(robust)", b, bread %*% meat %*% bread * N / (N - 1) * (n - 1) / (n - 3), tol = 1e-8)
case("areg, cluster", "areg y x z, absorb(id) vce(cluster id)", b, bread %*% meat %*% bread * N / (N - 1) * (n - 1) / (n - N - 2), tol = 1e-8)
# between
M <- cbind(means(d$x), means(d$z), 1)
between <- lm.fit(M, means(d$y))
case("xtreg, be", "xtreg y x z, be", coef(between), sum(between$residuals^2) / (N - 3) * solve(crossprod(M)), tol = 1e-8)
R <- M * sqrt(size)
weighted <- lm.fit(R, means(d$y) * sqrt(size))
scaled <- size * N / n
case("xtreg, be wls", "xtreg y x z, be wls", coef(weighted),
     sum(weighted$residuals^2) / (N - 3) * solve(crossprod(R)), tol = 1e-8)
# random effects: harmonic mean of the periods, and Swamy and Arora's estimator for small samples
random <- function(su2) {
  theta <- 1 - sqrt(s2 / (own * su2 + s2))
  Q <- cbind(d$x - theta * mean_of(d$x), d$z - theta * mean_of(d$z), 1 - theta)
  fit <- lm.fit(Q, d$y - theta * mean_of(d$y))
  list(b = coef(fit), Q = Q, e = fit$residuals, bread = solve(crossprod(Q)))
}
su2 <- max(0, sum(between$residuals^2) / (N - 3) - s2 * mean(1 / size))
re <- random(su2)
case("xtreg, re", "xtreg y x z, re", re$b, sum(re$e^2) / (n - 3) * re$bread, list("e(sigma_u)" = sqrt(su2)), 1e-8)
case("xtreg, re cluster", "xtreg y x z, re vce(cluster id)", re$b,
     re$bread %*% crossprod(rowsum(re$Q * re$e, d$id)) %*% re$bread * N / (N - 1) * (n - 1) / (n - 3), tol = 1e-8)
trace <- sum(diag(solve(crossprod(R)) %*% crossprod(R * sqrt(size))))
su2 <- max(0, (sum(weighted$residuals^2) - (N - 3) * s2) / (n - trace))
re <- random(su2)
case("xtreg, re sa", "xtreg y x z, re sa", re$b, sum(re$e^2) / (n - 3) * re$bread, list("e(sigma_u)" = sqrt(su2)), 1e-8)
fit <- maximum(function(p) {
  r <- d$y - X %*% p[1:3]
  su <- p[4]^2
  se <- p[5]^2
  -.5 * sum((sums(r^2) - su * sums(r)^2 / (size * su + se)) / se + log(size * su / se + 1) + size * log(2 * pi * se))
}, c(b, .5, 1))
case("xtreg, mle", "xtreg y x z, mle", fit$b, fit$V, list("e(ll)" = fit$ll))
# population averages: exchangeable correlations of [XT] xtgee
averages <- function(y, family, known) {
  b <- rep(0, 3)
  rho <- 0
  for (step in 1:500) {
    mu <- as.vector(family$linkinv(X %*% b))
    v <- family$variance(mu)
    D <- X * family$mu.eta(as.vector(X %*% b))
    r <- (y - mu) / sqrt(v)
    pairs <- ifelse(size > 1, (sums(r)^2 - sums(r^2)) / (size * pmax(size - 1, 1)), 0)
    now <- sum(pairs) / sum(sums(r^2) / size)
    A <- 0
    S <- 0
    for (k in unique(d$id)) {
      j <- which(d$id == k)
      C <- matrix(now, length(j), length(j))
      diag(C) <- 1
      inverse <- solve(C * outer(sqrt(v[j]), sqrt(v[j])))
      A <- A + t(D[j, , drop = FALSE]) %*% inverse %*% D[j, , drop = FALSE]
      S <- S + t(D[j, , drop = FALSE]) %*% inverse %*% (y[j] - mu[j])
    }
    move <- solve(A, S)
    b <- b + move
    if (max(abs(move)) < 1e-12 && abs(now - rho) < 1e-13) break
    rho <- now
  }
  list(b = b, V = solve(A) * (if (known) 1 else sum(r^2) / n))
}
fit <- averages(d$y, gaussian(), FALSE)
case("xtreg, pa", "xtreg y x z, pa corr(exchangeable)", fit$b, fit$V, tol = 1e-5)
fit <- averages(d$b, binomial(), TRUE)
case("xtlogit, pa", "xtlogit b x z, pa corr(exchangeable)", fit$b, fit$V, tol = 1e-5)
# conditional likelihoods
fit <- clogit(b ~ x + z + strata(id), d, method = "exact")
case("xtlogit, fe", "xtlogit b x z, fe", coef(fit), vcov(fit), list("e(ll)" = fit$loglik[2]))
some <- d[ave(d$c, d$id, FUN = sum) > 0 & own > 1, ]
of_unit <- function(v) ave(v, some$id, FUN = sum)
fit <- maximum(function(p) {
  eta <- p[1] * some$x + p[2] * some$z
  sum(some$c * (eta - log(of_unit(exp(eta))))) + sum(tapply(some$c, some$id, function(c) lgamma(sum(c) + 1) - sum(lgamma(c + 1))))
}, c(0, 0))
case("xtpoisson, fe", "xtpoisson c x z, fe", fit$b, fit$V, list("e(ll)" = fit$ll))
eta <- exp(fit$b[1] * some$x + fit$b[2] * some$z)
score <- rowsum(cbind(some$x, some$z) * (some$c - eta / of_unit(eta) * of_unit(some$c)), some$id)
case("xtpoisson, fe robust", "xtpoisson c x z, fe vce(robust)", fit$b,
     fit$V %*% crossprod(score) %*% fit$V * nrow(score) / (nrow(score) - 1))
fit <- maximum(function(p) {
  lambda <- exp(p[1] * some$x + p[2] * some$z + p[3])
  L <- rowsum(lambda, some$id)
  S <- rowsum(some$c, some$id)
  sum(lgamma(L) + lgamma(S + 1) - lgamma(L + S)) + sum(lgamma(lambda + some$c) - lgamma(lambda) - lgamma(some$c + 1))
}, c(.2, -.2, .5))
case("xtnbreg, fe", "xtnbreg c x z, fe", fit$b, fit$V, list("e(ll)" = fit$ll))
# random effects of counts in closed form
fit <- maximum(function(p) {
  eta <- X %*% p[1:3]
  L <- sums(exp(eta))
  q <- exp(-p[4])
  S <- sums(d$c)
  sum(q * log(q / (L + q)) + lgamma(S + q) - lgamma(q) - S * log(L + q)) + sum(d$c * eta - lgamma(d$c + 1))
}, c(.2, -.2, .2, -.5))
case("xtpoisson, re", "xtpoisson c x z, re", fit$b, fit$V, list("e(ll)" = fit$ll))
fit <- maximum(function(p) {
  lambda <- exp(as.vector(X %*% p[1:3]))
  L <- sums(lambda)
  S <- sums(d$c)
  r <- exp(p[4])
  q <- exp(p[5])
  sum(lgamma(r + q) + lgamma(r + L) + lgamma(q + S) - lgamma(r) - lgamma(q) - lgamma(r + q + L + S)) +
    sum(lgamma(lambda + d$c) - lgamma(lambda) - lgamma(d$c + 1))
}, c(.2, -.2, .2, 1, 1))
case("xtnbreg, re", "xtnbreg c x z, re", fit$b, fit$V, list("e(ll)" = fit$ll), 1e-5)
# normal effects
rule <- gauss.quad(250, "hermite")
mixture <- function(f, p, s) {
  eta <- as.vector(X %*% p[1:3])
  L <- sapply(rule$nodes * sqrt(2), function(node) sums(f(eta + s * node)))
  top <- apply(L, 1, max)
  sum(top + log(exp(L - top) %*% (rule$weights / sqrt(pi))))
}
sign <- 2 * d$b - 1
fit <- maximum(function(p) mixture(function(e) plogis(sign * e, log.p = TRUE), p, exp(p[4] / 2)), c(.5, -.3, 0, 0))
case("xtlogit, re", "xtlogit b x z, re intpoints(30)", fit$b, fit$V, list("e(ll)" = fit$ll), 1e-5)
fit <- maximum(function(p) mixture(function(e) pnorm(sign * e, log.p = TRUE), p, exp(p[4] / 2)), c(.3, -.2, 0, -.5))
case("xtprobit, re", "xtprobit b x z, re intpoints(30)", fit$b, fit$V, list("e(ll)" = fit$ll), 1e-5)
fit <- maximum(function(p) mixture(function(e) dpois(d$c, exp(e), log = TRUE), p, exp(p[4] / 2)), c(.3, -.2, 0, -.5))
case("xtpoisson, re normal", "xtpoisson c x z, re normal intpoints(30)", fit$b, fit$V, list("e(ll)" = fit$ll), 1e-5)
fit <- maximum(function(p) mixture(function(e) ifelse(d$yc > 0, dnorm(d$yc, e, p[5], log = TRUE), pnorm(0, e, p[5], log.p = TRUE)), p, p[4]),
               c(.5, -.3, 0, .8, 1))
case("xttobit", "xttobit yc x z, ll(0) intpoints(30)", fit$b, fit$V, list("e(ll)" = fit$ll), 1e-5)
# generalised least squares
fit <- lm.fit(X, d$y)
e <- fit$residuals
weight <- 1 / mean_of(e^2)
V <- solve(crossprod(X * sqrt(weight)))
case("xtgls, panels(heteroskedastic)", "xtgls y x z, panels(heteroskedastic)", V %*% crossprod(X, weight * d$y), V, tol = 1e-8)
ids <- unique(d$id)
E <- matrix(NA, 10, length(ids))
E[cbind(d$t, match(d$id, ids))] <- e
common <- function(i, j) {
  both <- !is.na(E[, i]) & !is.na(E[, j])
  if (any(both)) sum(E[both, i] * E[both, j]) / sum(both) else 0
}
place <- match(d$id, ids)
sigma <- outer(1:n, 1:n, Vectorize(function(a, c) if (d$t[a] == d$t[c]) common(place[a], place[c]) else 0))
bread <- solve(crossprod(X))
case("xtpcse, pairwise", "xtpcse y x z, pairwise", coef(fit), bread %*% t(X) %*% sigma %*% X %*% bread, tol = 1e-8)
writeLines(c('{"source": "R: formulas of [XT], likelihoods maximised with numDeriv, survival clogit() (scripts/oracles/engine/make_gap_panels.R)",',
             ' "cases": [', paste0("  ", sapply(cases, toJSON, auto_unbox = TRUE, digits = 14), c(rep(",", length(cases) - 1), "")), "]}"),
           file.path(folder, "cases/gap_panels.json"))
cat("gap_panels", length(cases), "\n")
