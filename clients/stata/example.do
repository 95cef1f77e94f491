* The whole work from Stata. Arguments: address of the service, task code, data file, folder for the results.
version 16
args url code data folder

statasvc ask "What goes with higher pay?", url(`url') code(`code')
statasvc upload using "`data'"
statasvc run linear.ols_robust, outcome(log_pay) regressors(schooling years_work) parameters(level=90)
statasvc findings
statasvc fetch, saving("`folder'") clear
list term estimate std_error
statasvc capsule using "`folder'/pay.zip"
