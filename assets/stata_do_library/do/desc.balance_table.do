* desc.balance_table 1.0.0: baseline characteristics by group with standardised differences and tests.
* Reads p_continuous p_categorical p_group.
ss_event step name=sample status=begin
if "`p_continuous'`p_categorical'" == "" {
    error 102
}
if "`p_continuous'" != "" {
    confirm numeric variable `p_continuous'
}
ss_sample, strok(`p_group')
ss_groups `p_group', generate(ss_group) levels(many) small
local groups = r(groups)
ss_metric n_groups = `groups'
ss_event step name=sample status=ok

ss_event step name=compare status=begin
tempname table distance one two chi p
tempfile rows
postfile `table' str32 variable str2045 level str2045 group double n double missing double mean double sd double median double count double percent double smd str32 test double statistic double df1 double df2 double p_value using "`rows'"
local largest = 0
foreach variable of local p_continuous {
    forvalues g = 0/`groups' {
        local name "all"
        local condition "ss_use"
        if `g' > 0 {
            local name : label ss_group `g'
            local condition "ss_use & ss_group == `g'"
        }
        quietly count if `condition' & missing(`variable')
        local missing = r(N)
        quietly summarize `variable' if `condition', detail
        local mean`g' = r(mean)
        local var`g' = r(Var)
        local n`g' = r(N)
        post `table' ("`variable'") ("") (`"`macval(name)'"') (r(N)) (`missing') (r(mean)) (r(sd)) (r(p50)) (.) (.) (.) ("") (.) (.) (.) (.)
    }
    scalar `distance' = .
    forvalues g = 1/`groups' {
        forvalues h = `=`g' + 1'/`groups' {
            scalar `one' = (`mean`g'' - `mean`h'') / sqrt((`var`g'' + `var`h'') / 2)
            if missing(`distance') | abs(`one') > abs(`distance') {
                scalar `distance' = `one'
            }
        }
    }
    local test "none"
    local statistic = .
    local df1 = .
    local df2 = .
    scalar `p' = .
    local usable = `n1' > 1 & `n2' > 1 & `var0' > 0
    if `groups' == 2 & `usable' {
        quietly ttest `variable' if ss_use, by(ss_group) unequal
        local test "t_unequal"
        local statistic = r(t)
        local df1 = r(df_t)
        scalar `p' = r(p)
    }
    if `groups' > 2 & `usable' {
        quietly oneway `variable' ss_group if ss_use
        local test "oneway_F"
        local statistic = r(F)
        local df1 = r(df_m)
        local df2 = r(df_r)
        scalar `p' = Ftail(`df1', `df2', `statistic')
    }
    post `table' ("`variable'") ("") ("comparison") (`n0') (.) (.) (.) (.) (.) (.) (`distance') ("`test'") (`statistic') (`df1') (`df2') (`p')
    local largest = max(`largest', cond(missing(`distance'), 0, abs(`distance')))
}
local cells = 0
local sparse = 0
foreach variable of local p_categorical {
    ss_groups `variable', generate(ss_level)
    local levels = r(groups)
    local missing0 = 0
    forvalues g = 0/`groups' {
        local condition = cond(`g' == 0, "ss_use", "ss_use & ss_group == `g'")
        quietly count if `condition' & missing(ss_level)
        local missing`g' = r(N)
        quietly count if `condition' & !missing(ss_level)
        local n`g' = r(N)
    }
    forvalues k = 1/`levels' {
        local words : label ss_level `k'
        quietly count if ss_use & ss_level == `k'
        local across = r(N)
        forvalues g = 0/`groups' {
            local name "all"
            local condition "ss_use"
            if `g' > 0 {
                local name : label ss_group `g'
                local condition "ss_use & ss_group == `g'"
                local cells = `cells' + 1
                local sparse = `sparse' + (`across' * `n`g'' / `n0' < 5)
            }
            quietly count if `condition' & ss_level == `k'
            local share`g' = r(N) / `n`g''
            post `table' ("`variable'") (`"`macval(words)'"') (`"`macval(name)'"') (`n`g'') (`missing`g'') (.) (.) (.) (r(N)) (100 * `share`g'') (.) ("") (.) (.) (.) (.)
        }
        scalar `distance' = .
        forvalues g = 1/`groups' {
            forvalues h = `=`g' + 1'/`groups' {
                scalar `two' = (`share`g'' * (1 - `share`g'') + `share`h'' * (1 - `share`h'')) / 2
                scalar `one' = (`share`g'' - `share`h'') / sqrt(`two')
                if missing(`distance') | abs(`one') > abs(`distance') {
                    scalar `distance' = `one'
                }
            }
        }
        post `table' ("`variable'") (`"`macval(words)'"') ("comparison") (`n0') (.) (.) (.) (.) (.) (.) (`distance') ("") (.) (.) (.) (.)
        local largest = max(`largest', cond(missing(`distance'), 0, abs(`distance')))
    }
    scalar `chi' = .
    scalar `p' = .
    local freedom = .
    if `levels' > 1 {
        quietly tabulate ss_level ss_group if ss_use, chi2
        scalar `chi' = r(chi2)
        scalar `p' = r(p)
        local freedom = (r(r) - 1) * (r(c) - 1)
    }
    post `table' ("`variable'") ("") ("comparison") (`n0') (.) (.) (.) (.) (.) (.) (.) ("pearson_chi2") (`chi') (`freedom') (.) (`p')
    drop ss_level
    label drop ss_level
}
postclose `table'
ss_check sparse_cells, warn(`sparse' > 0.2 * `cells') value(cond(`cells' == 0, 0, `sparse' / max(`cells', 1)))
ss_metric largest_smd = `largest'
ss_event step name=compare status=ok

ss_event step name=export status=begin
ss_export using "table_baseline.csv", rows("`rows'")
ss_event step name=export status=ok
