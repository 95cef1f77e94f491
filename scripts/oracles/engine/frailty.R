# Data and numbers of R survival for make_shared.py: Rscript frailty.R FOLDER, from this folder.
suppressMessages({library(survival); library(jsonlite)})
folder <- commandArgs(TRUE)[1]
k <- kidney
k$female <- k$sex - 1
k <- k[, c("id", "time", "status", "age", "female")]
names(k)[1] <- "patient"
write.csv(k, "../../../crates/dofile/tests/oracles/data/catheter.csv", row.names = FALSE, quote = FALSE)
one <- function(ties, data) {
  f <- coxph(Surv(time, status) ~ age + female + frailty(patient, distribution = "gamma", eps = 1e-9, sparse = FALSE),
             data = data, ties = ties, control = coxph.control(eps = 1e-12, outer.max = 200, iter.max = 200))
  h <- f$history[[1]]
  list(b = unname(coef(f))[1:2], se = unname(sqrt(diag(vcov(f))))[1:2], theta = h$theta, ll = h$c.loglik)
}
rats2 <- with(rats, data.frame(patient = litter, time = time, status = status, age = rx, female = as.numeric(sex == "m")))
write.csv(rats2, "../../../crates/dofile/tests/oracles/data/litters.csv", row.names = FALSE, quote = FALSE)
cat(toJSON(list(breslow = one("breslow", k), efron = one("efron", rats2)), digits = 15, auto_unbox = TRUE),
    file = file.path(folder, "frailty.json"))
