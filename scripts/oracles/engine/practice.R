# Values for make_practice.py: a name and a number on each line.
suppressMessages({library(survey); library(survival); library(MASS); library(lme4)})
args <- commandArgs(trailingOnly = FALSE)
root <- file.path(dirname(sub("--file=", "", args[grep("--file=", args)])), "../../../crates/dofile/tests/oracles/data")
out <- function(name, x) cat(name, format(unname(x), digits = 17), "\n")

schools <- read.csv(file.path(root, "schoolstrat.csv"))
schools$level <- cut(schools$meals, c(-1, 25, 60, 100), labels = FALSE)
design <- svydesign(~1, strata = ~st, weights = ~pw, data = schools)
o <- svyolr(factor(level) ~ ell + mobility, design)
s <- sqrt(diag(vcov(o)))
for (n in c("ell", "mobility")) { out(paste0("ologit_b_", n), coef(o)[n]); out(paste0("ologit_se_", n), s[n]) }
out("ologit_cut1", o$zeta[1]); out("ologit_se_cut1", s[3])
p <- svyolr(factor(level) ~ ell + mobility, design, method = "probit")
out("oprobit_b_ell", coef(p)["ell"]); out("oprobit_se_ell", sqrt(diag(vcov(p)))["ell"])
g <- svyglm(api00 ~ ell + meals, design, family = Gamma(link = "log"))
for (n in c("ell", "meals", "(Intercept)")) { out(paste0("glm_b_", n), coef(g)[n]); out(paste0("glm_se_", n), SE(g)[n]) }

heart <- read.csv(file.path(root, "heart.csv"))
c1 <- coxph(Surv(start, stop, event) ~ age + year + surgery, heart, ties = "breslow", id = id)
score <- residuals(c1, type = "score", collapse = heart$id)
change <- score %*% vcov(c1)
for (i in c(4, 10)) for (j in 1:3) out(paste0("esr_", i, "_", j), score[as.character(i), j])
for (i in c(4, 10)) for (j in 1:3) out(paste0("dfbeta_", i, "_", j), change[as.character(i), j])
ld <- rowSums(change * score)
out("ld_4", ld["4"]); out("ld_10", ld["10"])
e <- eigen(score %*% vcov(c1) %*% t(score), symmetric = TRUE)$vectors[, 1]
out("lmax_4", abs(e[which(rownames(score) == "4")])); out("lmax_10", abs(e[which(rownames(score) == "10")]))
