// Trials without a task code, where the operator offers them: the card of the first page, and the mark of a trial's pages.

import * as api from '../api.js';
import { addWords, bytes, t, when } from '../i18n.js';
import { button, card, fill, h, note, problem } from '../ui.js';
import words from '../i18n/trial.js';

addWords(words);

/** Begins a trial: its code is redeemed at once. Returns the id of the job. */
async function begin(question) {
  const { data: offer } = await api.request('POST', 'trial');
  const { data: job } = await api.request('POST', 'task-codes/redeem', { body: { task_code: offer.task_code, requirement: question }, headers: { 'X-SS-Tenant-ID': offer.tenant_id } });
  api.keepJob({ id: job.job_id, token: job.token, expires_at: job.expires_at, note: question || undefined });
  return job.job_id;
}

/** The card: one click for each sample question; with `terms.uploads` also a person's own file. `asked()` is the typed question. */
export function trialCard(terms, samples, { asked, go }) {
  const trouble = h('div', {});
  const start = (id, label, question, file) => {
    const act = button(label, { id, kind: 'plain', busyLabel: t('trial.busy'), onclick: async () => {
      fill(trouble);
      try {
        const job = await begin(question());
        if (!file) { go(`job/${job}/data`); return; }
        const { uploadSample } = await import('./samples.js');
        go(`job/${job}/${(await uploadSample(file, job)) ? 'draft' : 'data'}`);
      } catch (error) {
        fill(trouble, problem(error, { retry: () => act.click() }));
      }
    } });
    return act;
  };
  const facts = { size: bytes(terms.max_bytes), runs: terms.runs, hours: terms.keep_hours };
  return card(t('trial.title'), { lead: t(terms.uploads ? 'trial.lead.own' : 'trial.lead', facts), id: 'trial' },
    h('ul', { class: 'job-list' }, Object.entries(samples).map(([name, file]) => h('li', {},
      h('p', {}, t(`start.sample.${name}`)),
      h('div', { class: 'row' }, start(`trial-${name}`, t('trial.begin'), () => t(`start.sample.${name}`), file),
        h('span', { class: 'muted' }, t('start.sample.about', { file, about: t(`start.sample.${file.replace('.csv', '')}.about`) })))))),
    terms.uploads && h('div', { class: 'row' }, start('trial-own', t('trial.own'), asked, null)), trouble);
}

/** The mark of a trial, on each of its pages. */
export const trialMark = (job) => note('info', t('trial.mark', { at: when(job.trial.expires_at), runs: job.trial.runs }));
