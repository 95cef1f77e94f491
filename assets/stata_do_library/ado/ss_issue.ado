*! ss_issue 1.0.0: posts one finding of a data check
* Usage: ss_issue handle variable issue rows total "detail"
program define ss_issue
    args handle variable issue rows total detail
    post `handle' ("`variable'") ("`issue'") (`rows') (`rows' / `total') (`"`detail'"')
end
