"""Writes the expected numbers of every golden run of the template library.

Run after make_data.py: python3 scripts/oracles/templates/make_goldens.py. Sources are
pandas, scipy, statsmodels, linearmodels, scikit-learn, pingouin, pyfixest, csdid, rdrobust, rddensity, arch, cvxopt, lifelines and R (survey, survival,
pscl, mice, pwr, lavaan, plm, Matching, strucchange, pROC), PySensemakr, PySAL (esda, libpysal, spreg); nothing comes from the project's engine.
"""

import goldens_agreement
import goldens_censored
import goldens_cfa
import goldens_choice
import goldens_comparisons
import goldens_core
import goldens_causal
import goldens_causal_more
import goldens_count
import goldens_describe
import goldens_designs
import goldens_designs_more
import goldens_dynamic
import goldens_finance
import goldens_flows
import goldens_groups
import goldens_likelihoods
import goldens_imputation
import goldens_latent
import goldens_limited_more
import goldens_linear
import goldens_models
import goldens_multivariate
import goldens_panel
import goldens_panel_models
import goldens_panel_more
import goldens_panel_roots
import goldens_series
import goldens_series_more
import goldens_power
import goldens_prepare
import goldens_spatial
import goldens_surveys
import goldens_survival
import goldens_tests
import goldens_tests_more

if __name__ == "__main__":
    goldens_describe.codebook()
    goldens_describe.by_group()
    goldens_describe.correlation()
    goldens_describe.ttest()
    goldens_models.ols()
    goldens_models.logit()
    goldens_models.fe()
    goldens_models.iv()
    goldens_tests.write_all()
    goldens_linear.write_all()
    goldens_panel.write_all()
    goldens_prepare.write_all()
    goldens_count.write_all()
    goldens_censored.write_all()
    goldens_choice.write_all()
    goldens_core.write_all()
    goldens_panel_models.write_all()
    goldens_dynamic.write_all()
    goldens_series.write_all()
    goldens_survival.write_all()
    goldens_causal.write_all()
    goldens_causal_more.write_all()
    goldens_multivariate.write_all()
    goldens_tests_more.write_all()
    goldens_agreement.write_all()
    goldens_surveys.write_all()
    goldens_limited_more.write_all()
    goldens_designs.write_all()
    goldens_flows.write_all()
    goldens_groups.write_all()
    goldens_comparisons.write_all()
    goldens_panel_more.write_all()
    goldens_series_more.write_all()
    goldens_finance.write_all()
    goldens_designs_more.write_all()
    goldens_likelihoods.write_all()
    goldens_spatial.write_all()
    goldens_latent.write_all()
    goldens_imputation.write_all()
    goldens_power.write_all()
    goldens_cfa.write_all()
    goldens_panel_roots.write_all()
