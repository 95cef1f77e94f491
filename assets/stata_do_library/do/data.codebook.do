* data.codebook 1.0.0: what each variable holds, and what looks wrong in the file.
* Reads p_vars (all variables when empty) and p_key_vars.
ss_event step name=sample status=begin
ss_sample
local vars "`p_vars'"
if "`vars'" == "" {
    foreach variable of varlist _all {
        if substr("`variable'", 1, 3) != "ss_" {
            local vars "`vars' `variable'"
        }
    }
}
local count : word count `vars'
quietly count if ss_use
local rows_used = r(N)
ss_metric n_variables = `count'
ss_event step name=sample status=ok

ss_event step name=describe status=begin
describe `vars'
codebook `vars' if ss_use, compact
tempname table issues smallest largest average spread
tempfile table_rows issue_rows
postfile `table' str32 variable str2045 label str8 kind str12 storage_type str32 format double n double missing double missing_share double distinct double min double max double mean double sd double min_length double max_length using "`table_rows'"
postfile `issues' str32 variable str32 issue double rows double share str244 detail using "`issue_rows'"
local empty_columns = 0
foreach variable of local vars {
    local type : type `variable'
    local format : format `variable'
    local label : variable label `variable'
    local text = substr("`type'", 1, 3) == "str"
    local kind = cond(`text', "text", cond(substr("`format'", 1, 2) == "%t" | substr("`format'", 1, 2) == "%d", "date", "number"))
    quietly count if ss_use & missing(`variable')
    local missing = r(N)
    tempvar first length
    quietly egen byte `first' = tag(`variable') if ss_use
    quietly count if `first' == 1
    local distinct = r(N)
    foreach name in smallest largest average spread {
        scalar ``name'' = .
    }
    local shortest = .
    local longest = .
    if `text' {
        quietly generate long `length' = ustrlen(`variable')
        quietly summarize `length' if ss_use & !missing(`variable'), meanonly
        local shortest = r(min)
        local longest = r(max)
    }
    else {
        quietly summarize `variable' if ss_use
        scalar `smallest' = r(min)
        scalar `largest' = r(max)
        scalar `average' = r(mean)
        scalar `spread' = r(sd)
    }
    post `table' ("`variable'") (`"`macval(label)'"') ("`kind'") ("`type'") ("`format'") (`rows_used' - `missing') (`missing') (`missing' / `rows_used') (`distinct') (`smallest') (`largest') (`average') (`spread') (`shortest') (`longest')
    if `missing' == `rows_used' {
        local empty_columns = `empty_columns' + 1
        ss_issue `issues' `variable' all_missing `missing' `rows_used' "no value at all"
    }
    else {
        if `missing' > 0.5 * `rows_used' {
            ss_issue `issues' `variable' mostly_missing `missing' `rows_used' "more than half of the values are missing"
        }
        if `distinct' == 1 {
            ss_issue `issues' `variable' constant `=`rows_used' - `missing'' `rows_used' "one value only"
        }
        if `text' {
            ss_issues_text `issues' `variable' `rows_used' `distinct'
        }
        else if "`kind'" == "number" {
            ss_issues_number `issues' `variable' `rows_used'
        }
    }
    drop `first'
}
ss_check all_missing, warn(`empty_columns' > 0) value(`empty_columns')
ss_event step name=describe status=ok

ss_event step name=keys status=begin
quietly duplicates report `vars' if ss_use
local repeated = r(N) - r(unique_value)
ss_metric n_duplicate_rows = `repeated'
if `repeated' > 0 {
    ss_issue `issues' _rows duplicate_rows `repeated' `rows_used' "rows equal to another row in all variables"
}
local key_repeated = 0
if "`p_key_vars'" != "" {
    duplicates report `p_key_vars' if ss_use
    local key_repeated = r(N) - r(unique_value)
    if `key_repeated' > 0 {
        ss_issue `issues' _key duplicate_key `key_repeated' `rows_used' "the key does not identify rows: `p_key_vars'"
    }
}
postclose `table'
* one row always, so that "nothing found" is said and not an empty file
ss_issue `issues' _file checked `rows_used' `rows_used' "rows looked at"
postclose `issues'
ss_event step name=keys status=ok

ss_event step name=export status=begin
ss_export using "table_codebook.csv", rows("`table_rows'")
ss_export using "table_issues.csv", rows("`issue_rows'")
if "`p_key_vars'" != "" {
    ss_check dup_key, fail(`key_repeated' > 0) value(`key_repeated')
}
ss_event step name=export status=ok
