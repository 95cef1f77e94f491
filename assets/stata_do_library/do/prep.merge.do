* prep.merge 1.0.0: joins a second file to the main one by key and reports what did not match.
* Reads p_key_vars p_merge_type p_keep p_keep_vars and the file inputs/second.dta.
ss_event step name=sample status=begin
ss_sample
quietly keep if ss_use
local rows_main = _N
local first = substr("`p_merge_type'", 1, 1)
local last = substr("`p_merge_type'", 3, 1)
confirm variable `p_key_vars'
local repeated = 0
if "`first'" == "1" {
    quietly duplicates report `p_key_vars'
    local repeated = r(N) - r(unique_value)
}
ss_check dup_key, fail(`repeated' > 0) value(`repeated')
quietly generate byte ss_gap = 0
local kinds ""
foreach key of local p_key_vars {
    local type : type `key'
    local text = substr("`type'", 1, 3) == "str"
    local kinds "`kinds' `text'"
    quietly replace ss_gap = 1 if missing(`key')
}
quietly count if ss_gap
local gaps_main = r(N)
local columns_main ""
foreach variable of varlist _all {
    if substr("`variable'", 1, 3) != "ss_" {
        local columns_main "`columns_main' `variable'"
    }
}
ss_event step name=sample status=ok

ss_event step name=second status=begin
tempname table
tempfile rows second
preserve
quietly use "inputs/second.dta", clear
local rows_second = _N
confirm variable `p_key_vars' `p_keep_vars'
local different = 0
local i = 0
foreach key of local p_key_vars {
    local i = `i' + 1
    local type : type `key'
    local text : word `i' of `kinds'
    local different = `different' + ((substr("`type'", 1, 3) == "str") != `text')
}
ss_check key_type, fail(`different' > 0) value(`different')
if "`p_keep_vars'" != "" {
    keep `p_key_vars' `p_keep_vars'
}
local repeated = 0
if "`last'" == "1" {
    quietly duplicates report `p_key_vars'
    local repeated = r(N) - r(unique_value)
    ss_check dup_key, fail(`repeated' > 0) value(`repeated')
}
quietly generate byte ss_gap = 0
foreach key of local p_key_vars {
    quietly replace ss_gap = 1 if missing(`key')
}
quietly count if ss_gap
local gaps_second = r(N)
drop ss_gap
local columns_second ""
foreach variable of varlist _all {
    local columns_second "`columns_second' `variable'"
}
quietly save "`second'"
restore
drop ss_gap
local both : list columns_main & columns_second
local overlap : list both - p_key_vars
local added : list columns_second - columns_main
local n_overlap : word count `overlap'
local n_added : word count `added'
ss_check overlap_vars, warn(`n_overlap' > 0) value(`n_overlap')
ss_event step name=second status=ok

ss_event step name=merge status=begin
merge `p_merge_type' `p_key_vars' using "`second'", generate(ss_merge)
quietly replace ss_use = 1
foreach code in 1 2 3 {
    quietly count if ss_merge == `code'
    local n`code' = r(N)
}
ss_check no_match, fail(`n3' == 0) value(`n3')
if "`p_keep'" == "matched" {
    quietly keep if ss_merge == 3
}
if "`p_keep'" == "master" {
    quietly drop if ss_merge == 2
}
sort `p_key_vars', stable
local mark "match_result"
capture confirm new variable `mark'
if _rc != 0 {
    local mark "match_result_2"
}
rename ss_merge `mark'
ss_metric n_matched = `n3'
ss_metric n_unmatched = `n1' + `n2'
ss_metric n_result = _N
postfile `table' str32 item double value str2045 detail using "`rows'"
post `table' ("rows_main") (`rows_main') ("selected rows of the main file")
post `table' ("rows_second") (`rows_second') ("rows of the second file")
post `table' ("matched") (`n3') ("rows with a partner")
post `table' ("main_only") (`n1') ("rows of the main file without a partner")
post `table' ("second_only") (`n2') ("rows of the second file without a partner")
post `table' ("missing_key_main") (`gaps_main') ("rows of the main file with a missing key; they match each other")
post `table' ("missing_key_second") (`gaps_second') ("rows of the second file with a missing key")
post `table' ("variables_added") (`n_added') ("`added'")
post `table' ("variables_in_both") (`n_overlap') (cond("`overlap'" == "", "", "the main file's values stay:`overlap'"))
post `table' ("rows_result") (_N) ("kept: `p_keep'; `mark' says where a row comes from")
postclose `table'
ss_event step name=merge status=ok

ss_event step name=export status=begin
ss_export using "table_merge_report.csv", rows("`rows'")
ss_save using "data_merged.dta"
ss_event step name=export status=ok
