# Numbers of lavaan for make_sem_groups.py: Rscript sem_groups.R FOLDER, from this folder.
folder <- commandArgs(TRUE)[1]
data <- "../../../crates/dofile/tests/oracles/data/"
suppressMessages({library(lavaan); library(jsonlite)})
hs <- read.csv(paste0(data, "holzinger.csv")); gaps <- read.csv(paste0(data, "holzinger_gaps.csv"))
fit <- function(model, d=hs, ...) {
  set <- list(model=model, data=d, group="pasteur", group.label=c("0", "1"), likelihood="normal", meanstructure=TRUE,
              information="observed", optim.force.converged=TRUE, control=list(rel.tol=1e-15, x.tol=1e-13, iter.max=20000, eval.max=40000))
  set[names(list(...))] <- list(...)
  suppressWarnings(do.call("cfa", set))
}
report <- function(f) {
  p <- parameterEstimates(f, remove.nonfree=FALSE)
  out <- list(rows=p[p$op != "==", c("lhs", "op", "rhs", "group", "est", "se")], ll=as.numeric(logLik(f)))
  m <- fitMeasures(f); out$fit <- as.list(m[is.finite(m)])
  s <- standardizedSolution(f); out$std <- s[s$op != "==", c("lhs", "op", "rhs", "group", "est.std", "se")]
  out
}
three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
measured <- c("loadings", "intercepts")
res <- list()
res$invariant <- report(f <- fit(three, group.equal=measured))
scores <- lavPredict(f, method="regression", assemble=TRUE)
res$scores <- lapply(c(1, 200, 301), function(i) unname(as.numeric(scores[hs$id == hs$id[i] & hs$pasteur == hs$pasteur[i], 1:3])))
# residuals of correlations (Bollen 1989, 258) and determination by group
moments <- lavInspect(f, "sampstat"); implied <- fitted(f)
res$srmr <- sapply(names(moments), function(g) { e <- cov2cor(moments[[g]]$cov) - cov2cor(implied[[g]]$cov); sqrt(mean(e[lower.tri(e, TRUE)]^2)) })
res$cd <- sapply(lavInspect(f, "est"), function(m) 1 - prod(diag(m$theta)) / det(m$lambda %*% m$psi %*% t(m$lambda) + m$theta))
res$configural <- report(f <- fit(three))
res$configural_v <- vcov(f); res$configural_b <- as.list(coef(f))
res$metric <- report(fit(three, group.equal="loadings"))
res$strict <- report(fit(three, group.equal=c(measured, "residuals", "lv.variances", "lv.covariances", "means")))
res$partial <- report(fit(three, group.equal=measured, group.partial=c("x3~1", "speed=~x9")))
res$robust <- report(fit(three, group.equal=measured, se="robust.huber.white", estimator="MLR"))
res$gaps <- report(fit(three, gaps, group.equal=measured, missing="ml"))
res$mimic <- report(fit("textual =~ x4 + x5 + x6\ntextual ~ ageyr", group.equal=measured, fixed.x=TRUE, int.lv.free=FALSE))
# the score test that a loading is the same in both groups, with the expected information
e <- fit(three, group.equal=measured, information="expected")
constraints <- subset(parTable(e), op == "==")
test <- suppressWarnings(lavTestScore(e))$uni
labels <- parTable(e)$plabel; who <- paste0(parTable(e)$lhs, parTable(e)$op, parTable(e)$rhs)
res$score <- data.frame(name=who[match(test$lhs, labels)], chi2=test$X2)
write(toJSON(res, digits=NA, auto_unbox=TRUE, dataframe="rows"), file.path(folder, "sem_groups.json"))
