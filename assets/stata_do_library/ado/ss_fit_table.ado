*! ss_fit_table 1.1.0: writes size and fit of the last estimation, with what the numbers rest on
* Usage: ss_fit_table using "file.csv", [scalars(names in e()) values(name expression ...) se(text) clusters(name) nclusters(#) weight(text) sample(text)]
* nclusters(): the clusters that count where they are not those of e(N_clust). Columns metric, value, note; text facts (standard errors, weights, engine) stand in note.
program define ss_fit_table
    syntax using/ [, SCalars(string) Values(string asis) SE(string) CLusters(string) NCLusters(string) Weight(string) SAmple(string)]
    tempname handle number
    tempfile rows
    postfile `handle' str32 metric double value str244 note using "`rows'"
    foreach name of local scalars {
        scalar `number' = e(`name')
        post `handle' ("`name'") (`number') ("")
    }
    while strtrim(`"`values'"') != "" {
        gettoken name values : values
        gettoken expression values : values
        scalar `number' = `expression'
        post `handle' ("`name'") (`number') ("")
    }
    if "`e(clustvar)'" != "" {
        local groups = cond("`nclusters'" == "", e(N_clust), real("`nclusters'"))
        scalar `number' = `groups'
        if "`clusters'" == "" {
            local clusters "`e(clustvar)'"
        }
        post `handle' ("n_clusters") (`number') ("`clusters'")
        ss_metric n_clusters = `groups'
    }
    if "`weight'" == "" {
        local weight "none"
    }
    if `"`sample'"' == "" {
        quietly count if ss_use
        local used = r(N)
        * lags, limits and the like take rows from the estimation after the sample was counted
        if `: list posof "N" in scalars' > 0 {
            local used = min(`used', e(N))
        }
        if "$SS_COMPLETE" != "" {
            if `used' < $SS_COMPLETE {
                ss_event metric name=n_used value=`used'
            }
        }
        local sample "`used' of `=_N' rows in memory"
    }
    ss_source
    post `handle' ("std_errors") (.) ("`se'")
    post `handle' ("weight_kind") (.) ("`weight'")
    post `handle' ("sample") (.) (`"`sample'"')
    post `handle' ("engine") (.) ("`r(engine)'")
    postclose `handle'
    ss_event metric name=weight_kind value="`weight'"
    ss_event metric name=std_errors value="`se'"
    ss_export using "`using'", rows("`rows'")
end
