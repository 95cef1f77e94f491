*! ss_metric 1.0.0: prints a metric anchor with full precision
* Usage: ss_metric name = expression; leaves r() and e() as they are.
program define ss_metric
    gettoken name 0 : 0, parse(" =")
    syntax =/exp
    tempname value
    scalar `value' = `exp'
    local text = strtrim(strofreal(`value', "%24.16e"))
    if `value' == floor(`value') & abs(`value') < 1e15 {
        local text = strtrim(strofreal(`value', "%18.0f"))
    }
    ss_event metric name=`name' value=`text'
end
