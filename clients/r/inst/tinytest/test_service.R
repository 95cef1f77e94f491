# Against a running service: STATA_SERVICE_URL, and STATA_SERVICE_KEY with a key that creates task codes.
url <- Sys.getenv("STATA_SERVICE_URL")
key <- Sys.getenv("STATA_SERVICE_KEY")
if (!nzchar(url) || !nzchar(key)) exit_file("no service to test against")

service <- ss_service(url, key)
new_job <- function() {
  code <- api_create_task_codes(service, body = list(count = 1))$task_codes[[1]]$task_code
  ss_redeem(ss_service(url), code, "What makes a car use more fuel?")
}
cars <- tempfile(fileext = ".csv")
write.csv(mtcars, cars, row.names = FALSE)

# errors
job <- new_job()
problem <- tryCatch(ss_freeze(job), PLAN_FREEZE_NOT_ALLOWED = function(problem) problem)
expect_inherits(problem, "statasvc_problem")
expect_equal(problem$status, 409L)
expect_true(nzchar(problem$advice) && grepl(problem$advice, conditionMessage(problem), fixed = TRUE))
wrong <- ss_job(service, job$job_id, paste0(job$credential, "x"))
expect_error(api_get_job(wrong, job$job_id), class = "AUTH_TOKEN_INVALID")
expect_error(api_get_job(ss_service("http://127.0.0.1:1", attempts = 1L), "j"), class = "statasvc_unreachable")
expect_false(grepl(job$credential, paste(capture.output(print(job)), collapse = "")))

# a bar on request
shown <- textConnection("lines", "w", local = TRUE)
sink(shown, type = "message")
loud <- ss_job(ss_service(url, progress = TRUE), job$job_id, job$credential)
ss_upload(loud, cars)
sink(type = "message")
close(shown)
expect_true(any(grepl("upload.*100%", lines)))

# the journey; the seed of the session stays
set.seed(1)
before <- .Random.seed
columns <- ss_upload(job, cars)
expect_equal(names(attr(columns, "remarks")), c("severity", "column", "message"))
totals <- tempfile(fileext = ".csv")
writeLines(c("shop,staff,sales", sprintf("Shop %d,%d,%d", 1:12, 1:12 * 7 %% 11, 1:12 * 5 %% 13), "Total,,72"), totals)
expect_message(ss_upload(job, totals), "remark: row 14 holds \"Total\" in shop: a row of totals")
columns <- ss_upload(job, cars)
expect_equal(columns$name, names(mtcars))
ss_draft(job, template_id = "linear.ols_robust", outcome_var = "mpg", roles = list(regressors = "wt"))
expect_true(grepl("regress", ss_preview(job)$do_file))
ss_draft(job, template_id = "linear.ols_robust", outcome_var = "mpg", roles = list(regressors = c("wt", "hp")))
plan <- ss_freeze(job)
expect_equal(nchar(plan$plan_id), 64L)
run <- ss_run(job, wait = 120)
expect_identical(.Random.seed, before)

# its numbers are those of R
own <- lm(mpg ~ wt + hp, mtcars)
found <- tidy(run)
expect_equal(found$term, c("wt", "hp", "_cons"))
expect_equal(found$estimate, unname(coef(own)[c("wt", "hp", "(Intercept)")]), tolerance = 1e-10)
fit <- glance(run)
expect_equal(nrow(fit), 1L)
expect_equal(fit$r.squared, summary(own)$r.squared, tolerance = 1e-10)
expect_equal(fit$sigma, summary(own)$sigma, tolerance = 1e-10)
expect_equal(fit$nobs, 32)

# tables, figures, files
tables <- ss_tables(job, run)
expect_equal(tables$table_coefficients$estimate, found$estimate)
folder <- tempfile()
figures <- ss_figures(job, folder, run)
expect_equal(names(figures), "fig_coef_plot")
expect_equal(readBin(figures[[1]], "raw", 4), as.raw(c(0x89, 0x50, 0x4e, 0x47)))
# the data behind the figure are R's estimates with intervals by White's standard errors (HC1)
behind <- read.csv(file.path(folder, "fig_coef_plot.csv"))
plotted <- c("wt", "hp")
x <- model.matrix(own)
bread <- solve(crossprod(x))
hc1 <- sqrt(diag(bread %*% crossprod(x * resid(own)) %*% bread) * nrow(x) / df.residual(own))
reach <- qt(0.975, df.residual(own)) * hc1[plotted]
expect_equal(sort(behind$x[behind$mark == "point"]), sort(unname(coef(own)[plotted])), tolerance = 1e-10)
expect_equal(sort(behind$low[behind$mark == "interval"]), sort(unname(coef(own)[plotted] - reach)), tolerance = 1e-10)
expect_equal(sort(behind$high[behind$mark == "interval"]), sort(unname(coef(own)[plotted] + reach)), tolerance = 1e-10)
reports <- ss_render(job, "docx", stars = TRUE, run = run)
expect_true(any(vapply(reports, function(a) endsWith(a$rel_path, ".docx"), TRUE)))
files <- ss_download(job, folder)
expect_equal(length(files), length(api_list_artifacts(job, job$job_id)$artifacts))
archive <- ss_capsule(job, file.path(folder, "run.zip"), data = "hash")
expect_true(any(endsWith(unzip(archive, list = TRUE)$Name, "ro-crate-metadata.json")))

# files that R packs are what the service recorded, whatever the packing
job <- new_job()
for (packing in c("gzip", "bzip2", "xz")) {
  packed <- file.path(tempdir(), "cars.rds")
  saveRDS(mtcars, packed, compress = packing)
  ss_upload(job, packed)
  files <- ss_download(job, tempfile())
  original <- files[grepl("^original", basename(files))]
  expect_equal(unname(tools::md5sum(original)), unname(tools::md5sum(packed)), info = packing)
}

# a change of mind: the draft is opened again, and the runs of both plans are compared with those of R
expect_error(ss_result(job), "next: ss_draft", class = "statasvc_not_run_yet")
expect_error(ss_findings(job), class = "statasvc_no_results")
expect_error(ss_compare_runs(job), class = "statasvc_not_run_yet")
expect_stdout(print(ss_status(job)), "created; next: ss_draft")
ss_draft(job, template_id = "linear.ols_robust", outcome_var = "mpg", roles = list(regressors = "wt"), categorical_vars = "cyl",
         controls = "cyl", base_levels = list(cyl = 6))
ss_freeze(job)
expect_error(ss_result(job), "next: ss_run", class = "statasvc_not_run_yet")
first <- ss_run(job, wait = 120)
own <- lm(mpg ~ wt + relevel(factor(cyl), "6"), mtcars)
expect_equal(tidy(first)$estimate, unname(coef(own)[c(2:4, 1)]), tolerance = 1e-8)
locked <- tryCatch(ss_patch(job, controls = "hp"), error = identity)
expect_true(grepl("ss_revise(job)", conditionMessage(locked), fixed = TRUE) && !grepl("POST", conditionMessage(locked)))
ss_revise(job)
ss_patch(job, controls = "hp", categorical_vars = NULL, base_levels = NULL, parameters.level = 90)
ss_freeze(job)
second <- ss_run(job, wait = 120)
expect_equal(tidy(second)$estimate[1], coef(lm(mpg ~ wt + hp, mtcars))[["wt"]], tolerance = 1e-8)
slopes <- sort(c(tidy(first)$estimate[1], tidy(second)$estimate[1]))
ids <- c(first$run_id, second$run_id)
for (runs in list(NULL, ids, list(first, second), lapply(ids, function(id) list(job_id = job$job_id, run_id = id)),
                  data.frame(job_id = job$job_id, run_id = ids))) {
  expect_equal(tidy(ss_compare_runs(job, runs, term = "wt"))$estimate, slopes)
}

# a run under way has not failed; a cancelled one neither
job <- new_job()
wide <- tempfile(fileext = ".csv")
write.csv(data.frame(y = (1:40000 * 7919) %% 1009, x = (1:40000 * 31) %% 97), wide, row.names = FALSE)
ss_upload(job, wide)
ss_draft(job, template_id = "linear.quantile", outcome_var = "y", roles = list(regressors = "x"),
         parameters = list(bootstrap = TRUE, reps = 1000, seed = 1))
ss_freeze(job)
expect_error(ss_run(job, wait = 1), class = "statasvc_took_too_long")
expect_error(ss_result(job), "ss_cancel", class = "statasvc_run_under_way")
expect_stdout(print(ss_status(job)), "under way")
ss_cancel(job)
while (ss_status(job)$status %in% c("queued", "running")) Sys.sleep(0.1)
cancelled <- tryCatch(ss_result(job), statasvc_run_cancelled = identity)
expect_inherits(cancelled, "statasvc_no_results")
expect_false(grepl("Break|r\\(1\\)", conditionMessage(cancelled)))

# what the preview warns of is a warning: each cluster has one row
job <- new_job()
rows <- 0:239
rows <- data.frame(row = 1000 + rows, y = (rows * 37) %% 29, x = (rows * 13) %% 17)
single <- tempfile(fileext = ".csv")
write.csv(rows, single, row.names = FALSE)
ss_upload(job, single)
ss_draft(job, template_id = "linear.ols_cluster", outcome_var = "y", roles = list(regressors = "x", cluster_var = "row"))
seen <- list()
withCallingHandlers(ss_freeze(job), statasvc_plan_warning = function(w) {
  seen[[length(seen) + 1L]] <<- w$check$id
  invokeRestart("muffleWarning")
})
expect_true("clusters_of_one" %in% unlist(seen))

# several specifications, compared with those of R
job <- new_job()
ss_upload(job, cars)
batch <- ss_batch(job, wait = 240,
  base = list(template_id = "linear.ols_robust", outcome_var = "mpg", roles = list(regressors = "wt")),
  axes = list(controls = list(list(columns = character()), list(columns = "hp"), list(columns = c("hp", "qsec"))),
              samples = list(list(label = "all"), list(label = "heavy", condition = "wt > 2.5"))))
expect_equal(batch$status, "succeeded")
expect_equal(batch$progress$total, 6)
comparison <- ss_compare(job, batch)
models <- list(mpg ~ wt, mpg ~ wt + hp, mpg ~ wt + hp + qsec)
slopes <- unlist(lapply(list(mtcars, subset(mtcars, wt > 2.5)), function(data) {
  vapply(models, function(model) coef(lm(model, data))[["wt"]], 0)
}))
expect_equal(tidy(comparison)$estimate, sort(slopes), tolerance = 1e-8)
expect_equal(length(unique(tidy(comparison)$specification)), 6L)
expect_true(any(grepl("6 specifications", capture.output(print(comparison)))))
curve <- ss_compare(job, batch, file = file.path(folder, "curve.png"))
expect_equal(readBin(curve, "raw", 4), as.raw(c(0x89, 0x50, 0x4e, 0x47)))
spread <- glance(comparison)
expect_equal(c(spread$estimates, spread$specifications), c(6, 6))
expect_equal(c(spread$lowest, spread$median, spread$highest), c(min(slopes), median(slopes), max(slopes)), tolerance = 1e-8)
# mtcars has three numbers of cylinders
clustered <- ss_compare(job, ss_batch(job, wait = 240,
  base = list(template_id = "linear.ols_robust", outcome_var = "mpg", roles = list(regressors = "wt")),
  axes = list(variance = list(list(vce = "robust"), list(vce = "cluster", cluster_var = "cyl")))))
expect_equal(unique(clustered$warnings$specification), "cluster by cyl")
expect_stdout(print(clustered), "warning: cluster by cyl: few_clusters: 3")
runs <- data.frame(job_id = vapply(batch$cells[1:2], function(cell) cell$job_id, ""))
expect_equal(nrow(tidy(ss_compare_runs(job, runs, term = "wt"))), 2L)

# a test has no estimates; models side by side are told apart
job <- new_job()
ss_upload(job, cars)
ss_draft(job, template_id = "test.crosstab_chi2", roles = list(row_var = "am", col_var = "gear"))
ss_freeze(job)
run <- ss_run(job, wait = 120)
expect_equal(dim(tidy(run)), c(0L, 7L))
own <- suppressWarnings(chisq.test(mtcars$am, mtcars$gear, correct = FALSE))
expect_equal(glance(run)$chi2, unname(own$statistic), tolerance = 1e-10)
expect_true(any(grepl("chi2", capture.output(print(run)))))
job <- new_job()
ss_upload(job, cars)
ss_draft(job, template_id = "linear.quantile", outcome_var = "mpg", roles = list(regressors = "wt"))
ss_freeze(job)
found <- tidy(ss_run(job, wait = 120))
expect_equal(nrow(unique(found[c("equation", "term")])), nrow(found))

# the draft that the rules read out of the question
job <- new_job()
ss_upload(job, cars)
suggested <- ss_suggest_draft(job)
expect_equal(suggested$source, "rules")
expect_false(suggested$submitted)
expect_true(ss_suggest_draft(job, submit = TRUE)$submitted)

# the draft of the service's model, if it has one
if (nzchar(Sys.getenv("STATA_SERVICE_PAY"))) {
  job <- new_job()
  ss_upload(job, Sys.getenv("STATA_SERVICE_PAY"))
  draft <- ss_model_draft(job, wait = 60)
  expect_true("schooling" %in% unlist(draft$roles))
}

# a run without rows: the freeze refuses it, and a run that is made nonetheless fails
job <- new_job()
ss_upload(job, cars)
ss_draft(job, template_id = "linear.ols_robust", outcome_var = "mpg", roles = list(regressors = "wt"),
         sample_if = "wt > 1000")
expect_error(ss_freeze(job), "none of 32 rows satisfies")
ss_freeze(job, acknowledged_checks = list(list(id = "no_obs", reason = "a run that fails")))
failed <- tryCatch(ss_run(job, wait = 120), statasvc_run_failed = function(failed) failed)
expect_equal(failed$run$cause, "data_error")
expect_true(grepl("no_obs", conditionMessage(failed)) && !grepl("SS_EVENT", conditionMessage(failed)))
