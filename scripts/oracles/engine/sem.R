# Numbers of lavaan for make_sem.py: Rscript sem.R FOLDER, from this folder. Data go to the folder of the oracles' data.
folder <- commandArgs(TRUE)[1]
data <- "../../../crates/dofile/tests/oracles/data/"
suppressMessages({library(lavaan); library(jsonlite)})
keep <- function(d, name) write.table(format(d, digits=17, trim=TRUE, scientific=FALSE), paste0(data, name, ".csv"), sep=",", row.names=FALSE, quote=FALSE, na="")
read <- function(name) read.csv(paste0(data, name, ".csv"))
hs <- HolzingerSwineford1939
hs$pasteur <- as.integer(hs$school == "Pasteur")
hs <- hs[, c("id", "sex", "ageyr", "pasteur", paste0("x", 1:9))]
set.seed(7)
hs$w <- sample(1:4, nrow(hs), replace=TRUE)
hs$pw <- round(runif(nrow(hs), 0.5, 3), 3)
hs$cl <- (hs$id * 7) %% 40
keep(hs, "holzinger")
gaps <- hs
for (v in c("x2", "x4", "x5", "x9", "ageyr")) gaps[sample(nrow(gaps), 40), v] <- NA
write.table(format(gaps, digits=17, trim=TRUE, scientific=FALSE), paste0(data, "holzinger_gaps.csv"), sep=",", row.names=FALSE, quote=FALSE)
text <- readLines(paste0(data, "holzinger_gaps.csv")); writeLines(gsub("NA", "", text), paste0(data, "holzinger_gaps.csv"))
keep(PoliticalDemocracy, "democracy")
keep(Demo.growth, "growth_curves")
hs <- read("holzinger"); gaps <- read("holzinger_gaps"); pd <- read("democracy"); growth <- read("growth_curves")
fit <- function(model, d, ...) {
  set <- list(model=model, data=d, likelihood="normal", meanstructure=TRUE, information="observed", fixed.x=FALSE, auto.var=TRUE, auto.cov.lv.x=TRUE, int.ov.free=TRUE, auto.fix.first=TRUE, optim.force.converged=TRUE, control=list(rel.tol=1e-15, x.tol=1e-13, iter.max=20000, eval.max=40000))
  set[names(list(...))] <- list(...)
  f <- suppressWarnings(do.call(lavaan, set))
  # the optimizer stops where the likelihood is flat within rounding: Newton steps on lavaan's own gradient and information
  for (i in 1:3) {
    p <- parTable(f)
    if (any(p$op == "==")) break
    g <- as.numeric(lavTech(f, "gradient")); h <- lavTech(f, "information.observed")
    x <- coef(f) - solve(h, g)
    p$ustart[p$free > 0] <- x[p$free[p$free > 0]]
    set$model <- p[, c("id", "lhs", "op", "rhs", "user", "block", "group", "free", "ustart", "exo", "label", "plabel")]
    set$start <- NULL
    set$optim.method <- "none"
    f <- suppressWarnings(do.call(lavaan, set))
  }
  f
}
report <- function(f) {
  p <- parameterEstimates(f, remove.nonfree=FALSE)
  out <- list(rows=p[, c("lhs", "op", "rhs", "est", "se")], ll=as.numeric(logLik(f)))
  m <- fitMeasures(f); out$fit <- as.list(m[is.finite(m)])
  e <- cov2cor(lavInspect(f, "sampstat")$cov) - cov2cor(fitted(f)$cov)
  out$fit$residual <- sqrt(mean(e[lower.tri(e, TRUE)]^2)) # of correlations, Bollen (1989, 258)
  if (!is.null(out$fit$df) && out$fit$df > 0) {
    # lavaan's own limits have the tolerance of its search
    at <- function(p) { g <- function(l) pchisq(out$fit$chisq, out$fit$df, l) - p; if (g(0) < 0) 0 else uniroot(g, c(0, 100 + 10 * out$fit$chisq), tol=1e-13)$root }
    n <- lavInspect(f, "ntotal")
    out$fit$low <- sqrt(at(0.95) / (n * out$fit$df)); out$fit$high <- sqrt(at(0.05) / (n * out$fit$df))
  }
  s <- standardizedSolution(f); out$std <- s[, c("lhs", "op", "rhs", "est.std", "se")]
  out
}
three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
democracy <- "ind60 =~ x1 + x2 + x3\ndem60 =~ y1 + b*y2 + c*y3 + d*y4\ndem65 =~ y5 + b*y6 + c*y7 + d*y8\ndem60 ~ p*ind60\ndem65 ~ q*ind60 + r*dem60\ny1 ~~ y5\ny2 ~~ y4 + y6\ny3 ~~ y7\ny4 ~~ y8\ny6 ~~ y8\nindirect := p*r\ntotal := q + p*r\nwhole := d*r"
mediation <- "x4 ~ a*x1 + c*x2\nx1 ~ b*x2 + e*x3\nthrough2 := a*b\nthrough3 := a*e\ntotal2 := c + a*b"
mimic <- "textual =~ x4 + x5 + x6\ntextual ~ ageyr + pasteur\nx4 ~ pasteur"
res <- list()
res$one <- report(fit("speed =~ x7 + x8 + x9 + x4", hs))
res$three <- report(f <- fit(three, hs))
scores <- lavPredict(f, method="regression")
res$scores <- list(first=unname(scores[1,]), last=unname(scores[nrow(scores),]))
res$r2 <- as.list(lavInspect(f, "r2"))
res$mi <- subset(modindices(f), mi > 4)[, c("lhs", "op", "rhs", "mi", "epc", "sepc.all")]
res$eim <- report(fit(three, hs, information="expected"))
res$democracy <- report(fit(democracy, pd))
res$mediation <- report(fit(mediation, hs, fixed.x=TRUE))
res$mimic <- report(fit(mimic, hs, fixed.x=TRUE))
res$fixed <- report(fit("visual =~ NA*x1 + x2 + x3\ntextual =~ NA*x4 + x5 + x6\nvisual ~~ 1*visual\ntextual ~~ 2*textual", hs))
res$errors <- report(fit(paste0(three, "\nx7 ~~ x8\nx2 ~~ x9"), hs))
res$equal <- report(fit("textual =~ 1*x4 + l*x5 + l*x6\nx4 ~~ v*x4\nx5 ~~ v*x5\nx6 ~~ x6\nx4 ~ m*1\nx5 ~ n*1\nx6 ~ n*1", hs))
res$exogenous <- report(fit("textual =~ x4 + x5 + x6\nx1 ~ textual + x2\ntextual ~~ x2", hs))
res$gaps <- report(fit(paste0(three, "\nx9 ~ ageyr\nageyr ~~ visual + textual + speed"), gaps, missing="ml"))
res$gaps_path <- report(fit("x4 ~ x1 + x2\nx5 ~ x4 + ageyr", gaps, missing="ml"))
res$robust <- report(fit(three, hs, estimator="MLR", se="robust.huber.white"))
res$cluster <- report(fit(three, hs, estimator="MLR", se="robust.cluster", cluster="cl"))
res$weighted <- report(fit(three, hs, estimator="MLR", sampling.weights="pw"))
res$repeated <- report(fit(three, hs[rep(seq_len(nrow(hs)), hs$w), ]))
res$growth <- report(fit("i =~ 1*t1 + 1*t2 + 1*t3 + 1*t4\ns =~ 0*t1 + 1*t2 + 2*t3 + 3*t4\ni ~ x1 + x2\ns ~ x1 + x2\nt1 ~ 0*1\nt2 ~ 0*1\nt3 ~ 0*1\nt4 ~ 0*1\ni ~ 1\ns ~ 1\ni ~~ s", growth, fixed.x=TRUE))
res$growth_means <- report(fit("i =~ 1*t1 + 1*t2 + 1*t3 + 1*t4\ns =~ 0*t1 + 1*t2 + 2*t3 + 3*t4\nt1 ~ 0*1\nt2 ~ 0*1\nt3 ~ 0*1\nt4 ~ 0*1\ni ~ 1\ns ~ 1", growth))
res$second <- report(fit(paste0(three, "\ng =~ visual + textual + speed"), hs))
res$feedback <- report(fit("x4 ~ x7 + x1\nx7 ~ x4 + x9\nx4 ~~ x7", hs, fixed.x=TRUE))
write(toJSON(res, digits=NA, auto_unbox=TRUE, dataframe="rows"), file.path(folder, "sem.json"))
