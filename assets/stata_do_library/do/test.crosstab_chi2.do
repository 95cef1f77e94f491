* test.crosstab_chi2 1.0.1: cross table of two categorical variables with tests of independence.
* Reads p_row p_column.
ss_event step name=sample status=begin
ss_sample, strok(`p_row' `p_column')
ss_groups `p_row', generate(ss_row) levels(many)
local height = r(groups)
ss_groups `p_column', generate(ss_column) levels(many)
local width = r(groups)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname counts tests total across down expected exact
tempfile count_rows test_rows
tabulate ss_row ss_column if ss_use, chi2 lrchi2 V row column
postfile `tests' str32 test double statistic double df1 double df2 double p_value str244 note using "`test_rows'"
local freedom = (r(r) - 1) * (r(c) - 1)
scalar `total' = r(N)
post `tests' ("pearson_chi2") (r(chi2)) (`freedom') (.) (r(p)) ("null: rows and columns are independent")
post `tests' ("likelihood_ratio_chi2") (r(chi2_lr)) (`freedom') (.) (r(p_lr)) ("null: rows and columns are independent")
post `tests' ("cramers_v") (abs(r(CramersV))) (.) (.) (.) ("strength from 0 to 1")
local p = r(p)
ss_metric chi2 = r(chi2)
ss_metric cramers_v = abs(r(CramersV))
postfile `counts' str2045 row str2045 column double count double expected double row_percent double column_percent double percent using "`count_rows'"
local sparse = 0
forvalues i = 1/`height' {
    local first : label ss_row `i'
    quietly count if ss_use & ss_row == `i'
    scalar `across' = r(N)
    forvalues j = 1/`width' {
        local second : label ss_column `j'
        quietly count if ss_use & ss_column == `j'
        scalar `down' = r(N)
        quietly count if ss_use & ss_row == `i' & ss_column == `j'
        scalar `expected' = `across' * `down' / `total'
        local sparse = `sparse' + (`expected' < 5)
        post `counts' (`"`macval(first)'"') (`"`macval(second)'"') (r(N)) (`expected') (100 * r(N) / `across') (100 * r(N) / `down') (100 * r(N) / `total')
    }
}
postclose `counts'
local is_sparse = `sparse' > 0.2 * `height' * `width'
* the chi-squared distribution needs expected counts (Cochran 1954); Fisher's test has none to approximate
scalar `exact' = .
if `is_sparse' {
    capture tabulate ss_row ss_column if ss_use, exact
    if _rc == 0 {
        scalar `exact' = r(p_exact)
        post `tests' ("fisher_exact") (.) (.) (.) (`exact') ("two-sided; null: rows and columns are independent")
    }
}
postclose `tests'
ss_metric p = cond(missing(`exact'), `p', `exact')
ss_check sparse_cells, warn(`is_sparse') value(`sparse' / (`height' * `width'))
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_counts.csv", rows("`count_rows'")
ss_export using "table_test.csv", rows("`test_rows'")
ss_share_plot using "fig_bars.svg", group(ss_row) part(ss_column)
ss_event step name=export status=ok
