*! ss_groups 1.0.0: numbers the groups of a variable 1, 2, ... in sort order, with their names as value label
* Usage: ss_groups variable, generate(name) [levels(two|many) small]
* Returns r(groups). levels(two) fails unless there are two groups (two_levels), levels(many) fails with
* one group (one_level); small warns when a group has fewer than 5 rows (small_group).
program define ss_groups, rclass
    syntax varname, GENerate(name) [LEVels(string) SMall]
    tempvar row
    quietly egen long `generate' = group(`varlist') if ss_use
    quietly generate long `row' = _n
    quietly summarize `generate', meanonly
    local groups = 0
    if r(N) > 0 {
        local groups = r(max)
    }
    if "`levels'" == "two" {
        ss_check two_levels, fail(`groups' != 2) value(`groups')
    }
    if "`levels'" == "many" {
        ss_check one_level, fail(`groups' < 2) value(`groups')
    }
    local kind : type `varlist'
    local smallest = .
    forvalues g = 1/`groups' {
        quietly summarize `row' if `generate' == `g', meanonly
        local first = r(min)
        local smallest = min(`smallest', r(N))
        if substr("`kind'", 1, 3) == "str" {
            local text = `varlist'[`first']
        }
        else {
            local value = `varlist'[`first']
            local text : label (`varlist') `value'
        }
        label define `generate' `g' `"`macval(text)'"', modify
    }
    label values `generate' `generate'
    local own : variable label `varlist'
    if `"`macval(own)'"' == "" {
        local own "`varlist'"
    }
    label variable `generate' `"`macval(own)'"'
    if "`small'" != "" {
        ss_check small_group, warn(`smallest' < 5) value(`smallest')
    }
    return scalar groups = `groups'
end
