* test.anova_repeated 1.0.1: does a repeated measurement change over occasions? Sphericity corrections and all pairs.
* Reads p_vars (one column for each occasion, one row for each unit) p_adjust p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_vars'
ss_sample `p_vars', maxloss(0.2)
local k : word count `p_vars'
quietly count if ss_use
local n = r(N)
ss_check few_df, warn(`n' <= `k') value(`n')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname s ones centred double_centred grand occasion error units f gg hf lb mauchly p handle sums chi2
tempfile rows epsilon_rows pair_rows mean_rows
quietly correlate `p_vars' if ss_use, covariance
matrix `s' = r(C)
matrix `centred' = I(`k') - J(`k', `k', 1 / `k')
matrix `double_centred' = `centred' * `s' * `centred'
matrix `double_centred' = (`double_centred' + `double_centred'') / 2
* sums of squares of a complete table of units by occasions
scalar `error' = (`n' - 1) * trace(`double_centred')
ss_check zero_spread, fail(!(`error' > 1e-12 * (`n' - 1) * trace(`s'))) value(`error')
scalar `grand' = 0
postfile `handle' double position double series str128 occasion double n double mean double sd double ci_low double ci_high using "`mean_rows'"
local number = 0
foreach variable of local p_vars {
    local number = `number' + 1
    quietly summarize `variable' if ss_use
    local mean`number' = r(mean)
    scalar `grand' = `grand' + r(mean) / `k'
    post `handle' (`number') (1) ("`variable'") (r(N)) (r(mean)) (r(sd)) (r(mean) - invttail(r(N) - 1, (1 - `p_level' / 100) / 2) * r(sd) / sqrt(r(N))) (r(mean) + invttail(r(N) - 1, (1 - `p_level' / 100) / 2) * r(sd) / sqrt(r(N)))
}
postclose `handle'
scalar `occasion' = 0
forvalues j = 1/`k' {
    scalar `occasion' = `occasion' + `n' * (`mean`j'' - `grand')^2
}
matrix `sums' = J(1, `k', 1) * `s' * J(`k', 1, 1)
scalar `units' = (`n' - 1) * el(`sums', 1, 1) / `k'
local df1 = `k' - 1
local df2 = (`k' - 1) * (`n' - 1)
scalar `f' = (`occasion' / `df1') / (`error' / `df2')
* Greenhouse and Geisser (1959), Huynh and Feldt (1976), lower bound
matrix `ones' = `double_centred' * `double_centred'
scalar `gg' = trace(`double_centred')^2 / (`df1' * trace(`ones'))
scalar `hf' = min(1, (`n' * `df1' * `gg' - 2) / (`df1' * (`n' - 1 - `df1' * `gg')))
scalar `lb' = 1 / `df1'
ss_metric f_stat = `f'
* as in the sentence: the p-value that needs no sphericity
ss_metric p = Ftail(`gg' * `df1', `gg' * `df2', `f')
ss_metric epsilon_gg = `gg'
ss_metric p_gg = Ftail(`gg' * `df1', `gg' * `df2', `f')
postfile `handle' str128 source double sum_squares double df double mean_square double statistic double p_value double p_gg double p_hf double p_lower_bound double partial_eta2 using "`rows'"
post `handle' ("occasion") (`occasion') (`df1') (`occasion' / `df1') (`f') (Ftail(`df1', `df2', `f')) (Ftail(`gg' * `df1', `gg' * `df2', `f')) (Ftail(`hf' * `df1', `hf' * `df2', `f')) (Ftail(1, `n' - 1, `f')) (`occasion' / (`occasion' + `error'))
post `handle' ("unit") (`units') (`n' - 1) (`units' / (`n' - 1)) (.) (.) (.) (.) (.) (.)
post `handle' ("residual") (`error') (`df2') (`error' / `df2') (.) (.) (.) (.) (.) (.)
postclose `handle'
* Mauchly (1940) on orthonormal contrasts: the nonzero eigenvalues of the centred covariance
tempname vectors values
matrix symeigen `vectors' `values' = `double_centred'
scalar `mauchly' = 1
forvalues j = 1/`df1' {
    scalar `mauchly' = `mauchly' * el(`values', 1, `j') / (trace(`double_centred') / `df1')
}
local degrees = `df1' * (`df1' + 1) / 2 - 1
scalar `chi2' = -(`n' - 1 - (2 * `df1'^2 + `df1' + 2) / (6 * `df1')) * ln(`mauchly')
scalar `p' = cond(`degrees' > 0, chi2tail(`degrees', `chi2'), .)
postfile `handle' str32 measure double value double statistic double df double p_value str80 note using "`epsilon_rows'"
post `handle' ("greenhouse_geisser") (`gg') (.) (.) (.) ("epsilon; 1 where the changes have equal variances")
post `handle' ("huynh_feldt") (`hf') (.) (.) (.) ("epsilon")
post `handle' ("lower_bound") (`lb') (.) (.) (.) ("epsilon")
post `handle' ("mauchly_w") (`mauchly') (`chi2') (`degrees') (`p') ("null: sphericity")
postclose `handle'
local tests = `k' * (`k' - 1) / 2
postfile `handle' str128 first str128 second double difference double std_error double statistic double p_value double ci_low double ci_high str12 note using "`pair_rows'"
forvalues i = 1/`df1' {
    local next = `i' + 1
    local one : word `i' of `p_vars'
    forvalues j = `next'/`k' {
        local two : word `j' of `p_vars'
        quietly ttest `two' == `one' if ss_use
        local factor = cond("`p_adjust'" == "none", 1, `tests')
        local half = invttail(r(df_t), (1 - `p_level' / 100) / (2 * `factor')) * r(se)
        post `handle' ("`one'") ("`two'") (r(mu_1) - r(mu_2)) (r(se)) (r(t)) (min(1, `factor' * r(p))) (r(mu_1) - r(mu_2) - `half') (r(mu_1) - r(mu_2) + `half') ("`p_adjust'")
    }
}
postclose `handle'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_anova.csv", rows("`rows'")
ss_export using "table_sphericity.csv", rows("`epsilon_rows'")
ss_export using "table_pairs.csv", rows("`pair_rows'")
ss_cells_table using "table_means.csv", rows("`mean_rows'")
ss_source
local engine "`r(engine)'"
preserve
quietly use "`mean_rows'", clear
local axis ""
forvalues j = 1/`k' {
    local axis `"`axis' `j' "`: word `j' of `p_vars''""'
}
twoway (rcap ci_low ci_high position, lcolor("0 114 178")) (connected mean position, lcolor("0 114 178") mcolor("0 114 178")), ///
    xlabel(`axis') xscale(range(0.5 `=`k' + 0.5')) legend(off) title("Means by occasion") xtitle("Occasion") ytitle("Mean with `p_level'% interval") ///
    note("N = `n' units with all occasions; `engine'")
ss_figure using "fig_means.svg"
restore
ss_event step name=export status=ok
