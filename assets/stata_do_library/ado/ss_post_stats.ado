*! ss_post_stats 1.0.0: posts one row of descriptive statistics
* Usage: ss_post_stats handle "first text" "second text" variable "condition" short|full
* Posts n, missing, mean, sd, min, quartiles, max, and with full p1, p99, skewness, kurtosis.
program define ss_post_stats
    args handle first second variable condition extent
    quietly count if (`condition') & missing(`variable')
    local missing = r(N)
    quietly summarize `variable' if `condition', detail
    local more "(.) (.) (.) (.)"
    if "`extent'" == "full" {
        local more "(r(p1)) (r(p99)) (r(skewness)) (r(kurtosis))"
    }
    post `handle' (`"`macval(first)'"') (`"`macval(second)'"') (r(N)) (`missing') (r(mean)) (r(sd)) (r(min)) (r(p25)) (r(p50)) (r(p75)) (r(max)) `more'
end
