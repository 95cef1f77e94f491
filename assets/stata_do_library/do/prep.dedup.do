* prep.dedup 1.0.0: finds rows with repeated keys and keeps one of them, or none.
* Reads p_key_vars p_keep_rule p_order_var.
ss_event step name=sample status=begin
ss_sample
quietly keep if ss_use
confirm variable `p_key_vars'
quietly generate long ss_row = _n
local others ""
foreach variable of varlist _all {
    if substr("`variable'", 1, 3) != "ss_" {
        local others "`others' `variable'"
    }
}
local others : list others - p_key_vars
ss_event step name=sample status=ok

ss_event step name=duplicates status=begin
quietly generate long ss_gaps = 0
quietly generate byte ss_differs = 0
sort `p_key_vars' ss_row
foreach variable of local others {
    quietly replace ss_gaps = ss_gaps + missing(`variable')
    quietly by `p_key_vars': replace ss_differs = 1 if `variable' != `variable'[1]
}
quietly by `p_key_vars': generate long ss_copies = _N
quietly egen byte ss_conflict = max(ss_differs), by(`p_key_vars')
if "`p_keep_rule'" == "most_complete" {
    sort `p_key_vars' ss_gaps `p_order_var' ss_row
}
else {
    sort `p_key_vars' `p_order_var' ss_row
}
quietly by `p_key_vars': generate byte ss_first = _n == 1
quietly by `p_key_vars': generate byte ss_keep = cond("`p_keep_rule'" == "last", _n == _N, _n == 1)
if "`p_keep_rule'" == "none" {
    quietly replace ss_keep = ss_copies == 1
}
quietly count if ss_first & ss_conflict
local conflicts = r(N)
ss_check conflict_in_dups, warn(`conflicts' > 0) value(`conflicts')
tempname table
tempfile rows
postfile `table' double copies double keys double rows double rows_removed double conflicting_keys str244 note using "`rows'"
quietly levelsof ss_copies, local(counts)
foreach k of local counts {
    quietly count if ss_copies == `k' & ss_first
    local keys = r(N)
    quietly count if ss_copies == `k'
    local n = r(N)
    quietly count if ss_copies == `k' & !ss_keep
    local removed = r(N)
    quietly count if ss_copies == `k' & ss_first & ss_conflict
    post `table' (`k') (`keys') (`n') (`removed') (r(N)) (cond(`k' == 1, "keys that occur once", "rule: `p_keep_rule'"))
}
postclose `table'
quietly count if !ss_keep
ss_metric n_removed = r(N)
quietly count if ss_first & ss_copies > 1
ss_metric n_repeated_keys = r(N)
ss_metric n_conflicting_keys = `conflicts'
quietly keep if ss_keep
sort ss_row
ss_metric n_result = _N
ss_check no_obs, fail(_N == 0) value(_N)
ss_event step name=duplicates status=ok

ss_event step name=export status=begin
ss_export using "table_duplicates.csv", rows("`rows'")
ss_save using "data_unique.dta"
ss_event step name=export status=ok
