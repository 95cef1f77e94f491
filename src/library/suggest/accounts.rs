//! Amounts of a firm's accounts. The analyses of accounting take them in a fixed order, so that each is found by its own words.

use super::roles::{Filled, Filler};

/// The amounts of the Z score, in the order of the template (Altman 1968, Journal of Finance 23).
const DISTRESS: [&[&str]; 7] = [
    &["working_capital", "workingcapital", "wcap", "wc", "营运资本", "营运资金"],
    &["retained_earnings", "retainedearnings", "re", "留存收益", "未分配利润"],
    &["ebit", "operating_profit", "operating_income", "息税前利润", "营业利润"],
    &[
        "equity_value",
        "market_value",
        "market_equity",
        "market_cap",
        "mktcap",
        "marketcap",
        "mve",
        "市值",
        "总市值",
        "股东权益",
    ],
    &["total_liabilities", "liabilities", "lt", "负债", "总负债", "负债合计"],
    &["total_assets", "assets", "at", "资产", "总资产", "资产总计"],
    &["sales", "revenue", "sale", "revenues", "turnover", "营业收入", "销售收入"],
];
/// How many of them every version needs.
const FEWEST_OF_DISTRESS: usize = 6;

/// The amounts that explain accruals, in the order of the template (Dechow, Sloan and Sweeney 1995, The Accounting Review 70).
const ACCRUALS: [&[&str]; 5] = [
    &["lagged_assets", "lag_assets", "assets_lag", "l_assets", "assets_lagged", "上年总资产", "期初总资产"],
    &[
        "sales_change",
        "change_sales",
        "d_sales",
        "dsales",
        "drev",
        "d_rev",
        "revenue_change",
        "收入变动",
        "营业收入变动",
    ],
    &["ppe", "fixed_assets", "plant", "ppegt", "固定资产"],
    &["receivables_change", "change_receivables", "d_rec", "drec", "应收变动", "应收账款变动"],
    &["return_on_assets", "roa", "总资产收益率", "资产收益率"],
];
/// How many of them the modified model needs.
const FEWEST_OF_ACCRUALS: usize = 4;
const TOTAL: &[&str] = &["total_accruals", "accruals", "tacc", "ta", "总应计", "应计利润", "总应计利润"];

impl Filler<'_> {
    pub(super) fn has_accounts(&self) -> bool {
        self.in_order(&DISTRESS).len() >= FEWEST_OF_DISTRESS
    }

    pub(super) fn has_accruals(&self) -> bool {
        self.in_order(&ACCRUALS).len() >= FEWEST_OF_ACCRUALS && self.amount(TOTAL).is_some()
    }

    /// The column that is named for an amount.
    fn amount(&self, words: &[&str]) -> Option<usize> {
        let exact = |word: &&str| self.columns.iter().position(|c| c.name().eq_ignore_ascii_case(word));
        words.iter().find_map(exact)
    }

    /// The amounts up to the first that is not found: those after it would stand for others.
    fn in_order(&self, amounts: &[&[&str]]) -> Vec<usize> {
        amounts.iter().map_while(|words| self.amount(words)).collect()
    }

    pub(super) fn distress(&self, out: &mut Filled) {
        out.settled = true;
        out.roles.insert("item_vars", self.in_order(&DISTRESS));
    }

    pub(super) fn accruals(&self, out: &mut Filled) {
        out.settled = true;
        let industry = self.columns.iter().position(|c| c.has("@industry"));
        out.roles.insert("outcome_var", self.amount(TOTAL).into_iter().collect());
        out.roles.insert("item_vars", self.in_order(&ACCRUALS));
        out.roles.insert("group_var", industry.into_iter().collect());
        out.roles.insert("time_var", self.structure.time.into_iter().collect());
    }
}
