//! Numeric kernels of estimation and testing: plain slices and small matrices in, numbers out.
//! Nothing here knows the interpreter, its commands, its names or its output.

pub mod absorb;
pub mod anova;
pub mod blocks;
pub mod classify;
pub mod concordance;
pub mod contrasts;
pub mod cox;
pub mod distributions;
pub mod epidemiology;
pub mod iv;
pub mod iv_tests;
pub mod jet;
pub mod matrix;
pub mod means;
pub mod ml;
pub mod ml_binary;
pub mod ml_censored;
pub mod ml_choice;
pub mod ml_count;
pub mod ml_glm;
pub mod ml_survival;
pub mod ml_zero;
pub mod normality;
pub mod ols;
pub mod panel;
pub mod qr;
pub mod quadrature;
pub mod quantile;
pub mod real;
pub mod roc;
pub mod survivor;
pub mod timeseries;
pub mod vce;
pub mod wald;
