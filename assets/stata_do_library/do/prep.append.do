* prep.append 1.0.0: stacks further files under the main one and says what each file brought.
* Reads p_source_tag p_force_types p_key_vars and the files inputs/second.dta, third.dta, fourth.dta.
ss_event step name=sample status=begin
ss_sample
quietly keep if ss_use
drop ss_*
confirm new variable `p_source_tag'
tempname table
tempfile rows part
postfile `table' str32 item str32 file double value str2045 detail using "`rows'"
post `table' ("rows") ("data.dta") (_N) ("selected rows of the main file")
post `table' ("variables") ("data.dta") (c(k)) ("")
quietly generate byte `p_source_tag' = 1
label variable `p_source_tag' "file that the row comes from"
label define `p_source_tag' 1 "main", replace
local files = 1
local conflicts = 0
local third = 0
local fourth = 0
capture confirm file "inputs/third.dta"
if _rc == 0 {
    local third = 1
}
capture confirm file "inputs/fourth.dta"
if _rc == 0 {
    local fourth = 1
}
ss_event step name=sample status=ok

ss_event step name=append status=begin
foreach name in second third fourth {
    if "`name'" == "second" | ("`name'" == "third" & `third') | ("`name'" == "fourth" & `fourth') {
        local files = `files' + 1
        local before ""
        local texts ""
        foreach variable of varlist _all {
            local type : type `variable'
            local before "`before' `variable'"
            if substr("`type'", 1, 3) == "str" {
                local texts "`texts' `variable'"
            }
        }
        local before : list before - p_source_tag
        preserve
        if "`name'" == "second" {
            quietly use "inputs/second.dta", clear
        }
        if "`name'" == "third" {
            quietly use "inputs/third.dta", clear
        }
        if "`name'" == "fourth" {
            quietly use "inputs/fourth.dta", clear
        }
        local here ""
        local to_text ""
        foreach variable of varlist _all {
            local here "`here' `variable'"
            local type : type `variable'
            local own = substr("`type'", 1, 3) == "str"
            local shared : list variable in before
            local main : list variable in texts
            if `shared' & `own' != `main' {
                local conflicts = `conflicts' + 1
                ss_event note key=type_conflict value=`variable'
                if `p_force_types' {
                    local to_text "`to_text' `variable'"
                    if !`own' {
                        quietly tostring `variable', replace force usedisplayformat
                        quietly replace `variable' = "" if `variable' == "."
                    }
                }
            }
        }
        post `table' ("rows") ("`name'.dta") (_N) ("")
        local count : word count `here'
        post `table' ("variables") ("`name'.dta") (`count') ("")
        local absent : list before - here
        local count : word count `absent'
        post `table' ("variables_absent") ("`name'.dta") (`count') ("`absent'")
        local extra : list here - before
        local count : word count `extra'
        post `table' ("variables_new") ("`name'.dta") (`count') ("`extra'")
        local count : word count `to_text'
        post `table' ("variables_made_text") ("`name'.dta") (`count') ("`to_text'")
        quietly save "`part'", replace
        restore
        ss_check type_conflict, fail(`conflicts' > 0 & !`p_force_types') value(`conflicts')
        foreach variable of local to_text {
            local own : list variable in texts
            if !`own' {
                quietly tostring `variable', replace force usedisplayformat
                quietly replace `variable' = "" if `variable' == "."
            }
        }
        append using "`part'"
        quietly replace `p_source_tag' = `files' if missing(`p_source_tag')
        label define `p_source_tag' `files' "`name'", add
    }
}
label values `p_source_tag' `p_source_tag'
generate byte ss_use = 1
local all ""
foreach variable of varlist _all {
    local all "`all' `variable'"
}
local skip "ss_use `p_source_tag'"
local all : list all - skip
quietly duplicates report `all'
post `table' ("repeated_rows") ("result") (r(N) - r(unique_value)) ("rows equal to another one in every variable")
if "`p_key_vars'" != "" {
    quietly duplicates report `p_key_vars'
    local repeated = r(N) - r(unique_value)
    post `table' ("repeated_keys") ("result") (`repeated') ("`p_key_vars'")
    ss_check dup_key, fail(`repeated' > 0) value(`repeated')
}
local count : word count `all'
post `table' ("rows") ("result") (_N) ("`p_source_tag' says which file a row comes from")
post `table' ("variables") ("result") (`count') ("without `p_source_tag'")
postclose `table'
ss_metric n_files = `files'
ss_metric n_result = _N
ss_event step name=append status=ok

ss_event step name=export status=begin
ss_export using "table_append_report.csv", rows("`rows'")
ss_save using "data_appended.dta"
ss_event step name=export status=ok
