*! ss_check 1.0.0: prints the anchor of a run-time check and stops the run when it fails
* Usage: ss_check id, [warn(expression) fail(expression) value(expression) row(#)]
* Leaves r() and e() as they are; the return code of a failure follows from the id.
program define ss_check
    syntax name(name=id) [, Warn(string asis) Fail(string asis) Value(string asis) Row(integer 0)]
    local codes "no_obs 2000 non_numeric 109 dup_key 459 bounds_order 198 too_few_values 2001 zero_spread 459"
    local codes "`codes' one_level 459 two_levels 420 empty_cell 459 too_many_levels 134 not_binary 459"
    local codes "`codes' not_integer 459 neg_values 459 collinear 459 few_clusters 460 converge 430"
    local codes "`codes' panel_unset 459 no_within 2000 underidentified 481 nonpos_weights 402"
    local codes "`codes' no_match 459 key_type 106 stub_absent 111 nonconstant_in_unit 9 type_conflict 106"
    local codes "`codes' table_too_large 910 few_df 2001"
    local codes "`codes' name_taken 110 too_few_periods 2001 no_events 2000 gap_time 459"
    local codes "`codes' few_near_cutoff 2001 no_match 459 too_many_obs 915"
    local codes "`codes' none_censored 459 unbalanced 459 window_too_long 198 outside_unit 459 outside_limits 459 island 459 no_missing 459"
    local status "ok"
    if `"`warn'"' != "" {
        if (`warn') & !missing(`warn') {
            local status "warn"
        }
    }
    local rc = 0
    if `"`fail'"' != "" {
        if (`fail') & !missing(`fail') {
            local status "fail"
            local place : list posof "`id'" in codes
            local rc : word `=`place' + 1' of `codes'
        }
    }
    local pairs "id=`id' status=`status'"
    if `"`value'"' != "" {
        tempname number
        scalar `number' = `value'
        local text = strtrim(strofreal(`number', "%24.16e"))
        if `number' == floor(`number') & abs(`number') < 1e15 {
            local text = strtrim(strofreal(`number', "%18.0f"))
        }
        local pairs "`pairs' value=`text'"
    }
    if `row' > 0 {
        local pairs "`pairs' row=`row'"
    }
    if `rc' > 0 {
        local pairs "`pairs' rc=`rc'"
    }
    ss_event check `pairs'
    if `rc' > 0 {
        error `rc'
    }
end
