* accounting.accruals 1.0.0: discretionary accruals of the Jones family: residuals of regressions by industry and year.
* Reads p_accruals p_inputs p_industry p_time_var p_model p_least.
ss_event step name=sample status=begin
* columns by their order in the list
local p_assets : word 1 of `p_inputs'
local p_sales_change : word 2 of `p_inputs'
local p_ppe : word 3 of `p_inputs'
local p_receivables_change : word 4 of `p_inputs'
local p_performance : word 5 of `p_inputs'
local needed "`p_accruals' `p_assets' `p_sales_change' `p_ppe'"
local least = 3
if "`p_model'" != "jones" {
    local needed "`needed' `p_receivables_change'"
    local least = 4
}
if "`p_model'" == "performance" {
    local needed "`needed' `p_performance'"
    local least = 5
}
local given : word count `p_inputs'
ss_check bounds_order, fail(`given' < `least') value(`given')
confirm numeric variable `needed'
ss_sample `needed', strok(`p_industry' `p_time_var') maxloss(0.2)
quietly count if ss_use & `p_assets' <= 0
ss_check neg_values, fail(r(N) > 0) value(r(N))
foreach name in accruals_total accruals_normal accruals_discretionary accruals_absolute {
    capture confirm new variable `name'
    ss_check name_taken, fail(_rc != 0) value(_rc)
}
* everything is divided by lagged assets
quietly generate double ss_y = `p_accruals' / `p_assets' if ss_use
quietly generate double ss_one = 1 / `p_assets' if ss_use
quietly generate double ss_sales = `p_sales_change' / `p_assets' if ss_use
quietly generate double ss_ppe = `p_ppe' / `p_assets' if ss_use
quietly generate double ss_cash = ss_sales
if "`p_model'" != "jones" {
    quietly replace ss_cash = (`p_sales_change' - `p_receivables_change') / `p_assets' if ss_use
}
ss_groups `p_industry', generate(ss_industry)
quietly egen long ss_cell = group(`p_industry' `p_time_var') if ss_use
quietly summarize ss_cell
local cells = r(max)
ss_check too_many_levels, fail(`cells' > 5000) value(`cells')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle sums
tempfile rows summary
local terms "ss_one ss_sales ss_ppe"
if "`p_model'" == "performance" {
    local terms "ss_one ss_cash ss_ppe `p_performance'"
}
quietly generate double accruals_normal = .
local used = 0
local small = 0
postfile `handle' str2045 industry str40 period double n double inverse_assets double sales double ppe double performance double constant double r2 using "`rows'"
quietly generate long ss_row = _n
forvalues c = 1/`cells' {
    quietly summarize ss_row if ss_cell == `c'
    local row = r(min)
    if r(N) < `p_least' {
        local small = `small' + 1
        continue
    }
    quietly regress ss_y `terms' if ss_cell == `c'
    local second : word 2 of `terms'
    local performance = .
    if "`p_model'" == "performance" {
        local performance = _b[`p_performance']
    }
    * the modified model is estimated with sales and predicted with cash sales
    local fitted "_b[_cons] + _b[ss_one] * ss_one + _b[`second'] * ss_cash + _b[ss_ppe] * ss_ppe"
    if "`p_model'" == "performance" {
        local fitted "`fitted' + _b[`p_performance'] * `p_performance'"
    }
    quietly replace accruals_normal = `fitted' if ss_cell == `c'
    local used = `used' + 1
    local industry : label ss_industry `=ss_industry[`row']'
    post `handle' (`"`macval(industry)'"') (string(`p_time_var'[`row'])) (e(N)) (_b[ss_one]) (_b[`second']) (_b[ss_ppe]) (`performance') (_b[_cons]) (e(r2))
}
postclose `handle'
ss_check too_few_values, fail(`used' == 0) value(`small')
ss_check small_group, warn(`small' > 0) value(`small')
quietly generate double accruals_total = ss_y
quietly generate double accruals_discretionary = ss_y - accruals_normal
quietly generate double accruals_absolute = abs(accruals_discretionary)
label variable accruals_total "total accruals / lagged assets"
label variable accruals_normal "normal accruals / lagged assets"
label variable accruals_discretionary "discretionary accruals / lagged assets"
label variable accruals_absolute "absolute discretionary accruals / lagged assets"
postfile `sums' str40 variable double n double mean double sd double p25 double p50 double p75 using "`summary'"
foreach variable in accruals_total accruals_normal accruals_discretionary accruals_absolute {
    quietly summarize `variable' if ss_use, detail
    post `sums' ("`variable'") (r(N)) (r(mean)) (r(sd)) (r(p25)) (r(p50)) (r(p75))
}
postclose `sums'
ss_metric n_cells = `used'
ss_metric mean_absolute = r(mean)
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_coefficients.csv", rows("`rows'")
ss_export using "table_summary.csv", rows("`summary'")
quietly count if !missing(accruals_discretionary)
local n = r(N)
ss_fit_table using "table_fit.csv", values(N `n' cells `used' cells_too_small `small' least_rows `p_least') se(ols by industry and year)
quietly summarize accruals_discretionary
ss_source
twoway (histogram accruals_discretionary, color("0 114 178%60")), xline(0, lcolor(gs8)) title("Discretionary accruals") xtitle("Share of lagged assets") ytitle("Density") legend(off) note("N = `n', `used' cells of industry and year; `p_model' model; `r(engine)'")
ss_figure using "fig_accruals.svg"
ss_save using "data_accruals.dta"
ss_event step name=export status=ok
