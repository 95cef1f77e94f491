*! ss_sample 1.0.1: turns the selection mark ss_use into the estimation sample and reports the loss
* Usage: ss_sample varlist, [strok(varlist) weight(varname) kind(type) maxloss(#) nometric]
* strok() names key, cluster and group variables that may be text. Fails (no_obs) when no row is left.
program define ss_sample
    syntax [varlist(default=none)] [, STRok(string) Weight(string) Kind(string) MAXLoss(real -1) noMETric]
    quietly count if ss_use
    local selected = r(N)
    if "`weight'" != "" {
        quietly count if ss_use & (`weight' < 0 | missing(`weight'))
        ss_check nonpos_weights, fail(r(N) > 0) value(r(N))
        if "`kind'" == "fweight" {
            quietly count if ss_use & `weight' != floor(`weight')
            ss_check not_integer, fail(r(N) > 0) value(r(N))
        }
        quietly count if ss_use & `weight' == 0
        if r(N) > 0 {
            ss_event note key=zero_weight value=`weight' rows=`r(N)'
        }
        quietly replace ss_use = 0 if `weight' == 0
        * a weight of zero is no missing value
        quietly count if ss_use
        local selected = r(N)
    }
    local needed : list varlist | strok
    foreach variable of local needed {
        quietly count if ss_use & missing(`variable')
        if r(N) > 0 {
            ss_event note key=missing value=`variable' rows=`r(N)'
        }
    }
    foreach variable of local needed {
        quietly replace ss_use = 0 if missing(`variable')
    }
    quietly count if ss_use
    local left = r(N)
    ss_check no_obs, fail(`left' == 0) value(`left')
    if `maxloss' >= 0 {
        ss_check missing_loss, warn((`selected' - `left') > `maxloss' * `selected') value((`selected' - `left') / `selected')
    }
    * ss_fit_table reports what the analysis drops after this
    global SS_COMPLETE `left'
    ss_event note key=complete rows=`left'
    if "`metric'" == "" {
        ss_event metric name=n_used value=`left'
    }
end
