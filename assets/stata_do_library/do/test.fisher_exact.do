* test.fisher_exact 1.0.0: Fisher's exact test of a small cross table.
* Reads p_row p_column p_level.
ss_event step name=sample status=begin
ss_sample, strok(`p_row' `p_column')
ss_groups `p_row', generate(ss_row) levels(many)
local height = r(groups)
ss_groups `p_column', generate(ss_column) levels(many)
local width = r(groups)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname cells counts tests ratio error bound
tempfile cell_rows test_rows
capture noisily tabulate ss_row ss_column if ss_use, exact matcell(`cells')
local code = _rc
ss_check table_too_large, fail(`code' == 910) value(`height' * `width')
if `code' != 0 {
    error `code'
}
local used = r(N)
postfile `tests' str32 test double estimate double p_value double ci_low double ci_high double n str244 note using "`test_rows'"
post `tests' ("fisher_exact") (.) (r(p_exact)) (.) (.) (`used') ("two-sided; null: rows and columns are independent")
ss_metric p = r(p_exact)
if `height' == 2 & `width' == 2 {
    post `tests' ("fisher_one_sided") (.) (r(p1_exact)) (.) (.) (`used') ("in the direction of the data")
    scalar `ratio' = el(`cells', 1, 1) * el(`cells', 2, 2) / (el(`cells', 1, 2) * el(`cells', 2, 1))
    * interval of Woolf (1955); it needs four positive counts
    scalar `error' = sqrt(1 / el(`cells', 1, 1) + 1 / el(`cells', 1, 2) + 1 / el(`cells', 2, 1) + 1 / el(`cells', 2, 2))
    scalar `bound' = invnormal(1 - (1 - `p_level' / 100) / 2) * `error'
    post `tests' ("odds_ratio") (`ratio') (.) (exp(ln(`ratio') - `bound')) (exp(ln(`ratio') + `bound')) (`used') ("first row and column against the second; Woolf interval")
}
postclose `tests'
postfile `counts' str2045 row str2045 column double count double expected double row_percent using "`cell_rows'"
forvalues i = 1/`height' {
    local first : label ss_row `i'
    quietly count if ss_row == `i'
    local across = r(N)
    forvalues j = 1/`width' {
        local second : label ss_column `j'
        quietly count if ss_column == `j'
        local down = r(N)
        quietly count if ss_row == `i' & ss_column == `j'
        post `counts' (`"`macval(first)'"') (`"`macval(second)'"') (r(N)) (`across' * `down' / `used') (100 * r(N) / `across')
    }
}
postclose `counts'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_fisher.csv", rows("`test_rows'")
ss_export using "table_counts.csv", rows("`cell_rows'")
ss_event step name=export status=ok
