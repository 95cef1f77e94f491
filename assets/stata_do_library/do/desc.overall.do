* desc.overall 1.0.0: descriptive statistics of numeric variables.
* Reads p_vars p_stats.
ss_event step name=sample status=begin
local texts = 0
foreach variable of local p_vars {
    local type : type `variable'
    local texts = `texts' + (substr("`type'", 1, 3) == "str")
}
ss_check non_numeric, fail(`texts' > 0) value(`texts')
ss_sample
ss_event step name=sample status=ok

ss_event step name=describe status=begin
summarize `p_vars' if ss_use
tempname table
tempfile rows
postfile `table' str32 variable str2045 label double n double missing double mean double sd double min double p25 double p50 double p75 double max double p1 double p99 double skewness double kurtosis using "`rows'"
local empty_columns = 0
local count : word count `p_vars'
foreach variable of local p_vars {
    local label : variable label `variable'
    ss_post_stats `table' "`variable'" `"`macval(label)'"' `variable' "ss_use" `p_stats'
    quietly count if ss_use & !missing(`variable')
    local empty_columns = `empty_columns' + (r(N) == 0)
}
postclose `table'
ss_check all_missing, warn(`empty_columns' > 0) value(`empty_columns')
ss_metric n_variables = `count'
ss_event step name=describe status=ok

ss_event step name=export status=begin
ss_export using "table_descriptives.csv", rows("`rows'")
ss_event step name=export status=ok
