// The first page: a task code and the question make an analysis, the same code leads back to it.

import * as api from '../api.js';
import { t, when } from '../i18n.js';
import { badge, button, card, confirm, field, fill, h, icon, problem, select } from '../ui.js';

/** What a language model may see, the least first. */
const LEVELS = ['none', 'schema', 'samples'];
const EXAMPLES = ['pay', 'policy', 'groups'];
/** Questions with sample data, by the key of their words. */
const SAMPLES = { pay: 'pay.csv', recovery: 'clinic.csv', readmission: 'clinic.csv' };

export function mount(root, ctx) {
  const memory = ctx.memory;
  const code = h('input', { type: 'text', class: 'mono', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', name: 'task_code', required: true, value: memory.code ?? ctx.params.code ?? '', oninput: () => { memory.code = code.value; codeField.setError(null); } });
  const question = h('textarea', { rows: '3', name: 'requirement', maxlength: '20000', value: memory.question ?? '', oninput: () => { memory.question = question.value; } });
  const codeField = field(t('start.code'), code, { id: 'code', required: true, hint: t('start.code.hint') });
  const questionField = field(t('start.question'), question, { id: 'question', hint: t('start.question.hint') });
  const sharing = h('div', { hidden: true });
  const trial = h('div', { hidden: true });
  api.capabilities().then(async (what) => {
    if (what.trial) {
      const { trialCard } = await import('../parts/trial.js');
      fill(trial, trialCard(what.trial, SAMPLES, { asked: () => question.value.trim(), go: ctx.go }));
      trial.hidden = false;
      root.querySelector('#samples')?.remove();
    }
    if (!what.llm.configured || !root.isConnected) return;
    const levels = LEVELS.slice(0, LEVELS.indexOf(what.llm.data_sharing_max) + 1);
    const choose = select(levels.map((level) => ({ value: level, label: t(`start.sharing.${level}`) })), { value: memory.sharing ?? (levels.includes('schema') ? 'schema' : 'none'), onchange: () => { memory.sharing = choose.value; } });
    sharing.append(field(t('start.sharing'), choose, { id: 'sharing', hint: t('start.sharing.hint') }));
    sharing.hidden = false;
  }).catch(() => { /* without a model nothing is shared */ });
  const trouble = h('div', {});
  const sample = h('div', { id: 'sample-chosen', role: 'status' });
  const chooseSample = (name) => {
    memory.sample = name;
    fill(sample, name && h('p', { class: 'note note-info' }, icon('file'), h('span', {}, t('start.sample.chosen', { file: SAMPLES[name] })),
      h('button', { type: 'button', class: 'icon-button', 'aria-label': t('start.sample.drop', { file: SAMPLES[name] }), onclick: () => { chooseSample(null); question.focus(); } }, icon('cross'))));
  };
  const trySample = (name) => {
    question.value = t(`start.sample.${name}`);
    memory.question = question.value;
    chooseSample(name);
    (code.value.trim() ? go : code).focus();
  };

  const examples = h('div', { class: 'examples' }, h('span', { class: 'muted' }, t('start.examples')), EXAMPLES.map((name) => h('button', { type: 'button', class: 'chip-button', onclick: () => {
    question.value = t(`start.example.${name}`);
    memory.question = question.value;
    question.focus();
  } }, t(`start.example.${name}`))));

  async function submit() {
    trouble.replaceChildren();
    codeField.setError(null);
    const task_code = code.value.trim();
    if (!task_code) {
      codeField.setError(t('start.code.missing'));
      code.focus();
      return;
    }
    try {
      await enter(task_code, question.value.trim());
      Object.assign(memory, { code: '', question: '', sample: null });
    } catch (error) {
      if (error.code.startsWith('TASK_CODE_')) {
        codeField.setError(t(`start.error.${error.code}`));
        code.focus();
      } else trouble.replaceChildren(problem(error, { retry: submit }));
    }
  }

  /** The first redeem needs a requirement; a later one with another is refused, and without one leads back. */
  async function enter(task_code, requirement) {
    let answer;
    try {
      answer = await redeem(requirement === '' ? { task_code } : { task_code, requirement, ...(memory.sharing ? { data_sharing: memory.sharing } : {}) });
    } catch (error) {
      if (error.code === 'INPUT_VALIDATION_FAILED' && requirement === '') answer = await redeem({ task_code, requirement: '' });
      else if (error.code === 'TASK_CODE_REDEEM_CONFLICT') {
        const back = await confirm(t('start.used'), h('p', {}, t('start.used.text')), { yes: t('start.used.open') });
        if (!back) return;
        answer = await redeem({ task_code });
      } else throw error;
    }
    api.keepJob({ id: answer.job_id, token: answer.token, expires_at: answer.expires_at, note: requirement || undefined });
    if (memory.sample) {
      const { uploadSample } = await import('../parts/samples.js');
      if (await uploadSample(SAMPLES[memory.sample], answer.job_id)) { ctx.go(`job/${answer.job_id}/draft`); return; }
    }
    // a link to a place of this analysis was opened without its token
    const place = ctx.params.to ?? '';
    ctx.go(place.startsWith(`job/${answer.job_id}/`) || (place.startsWith('compare?') && place.includes(answer.job_id)) ? place : `job/${answer.job_id}`);
  }
  const redeem = async (body) => (await api.request('POST', 'task-codes/redeem', { body })).data;

  const go = button(t('start.begin'), { kind: 'primary', id: 'begin', onclick: submit, busyLabel: t('start.begin.busy') });
  const form = h('form', { class: 'stack', novalidate: true, onsubmit: (e) => { e.preventDefault(); go.click(); } }, codeField, questionField, examples, sample, sharing, trouble, h('div', { class: 'row' }, go));
  code.addEventListener('keydown', (e) => { if (e.key === 'Enter') { e.preventDefault(); go.click(); } });

  root.append(
    h('div', { class: 'head' }, h('h1', {}, t('start.title')), h('p', { class: 'lead' }, t('start.lead'))),
    h('div', { class: 'columns start-columns' },
      h('div', { class: 'stack' }, card(t('start.new'), {}, form)),
      h('aside', { class: 'stack', 'aria-label': t('start.how') }, known(ctx), trial, samples(trySample), how())));
  chooseSample(memory.sample ?? null);
}

const samples = (choose) => card(t('start.samples'), { lead: t('start.samples.lead'), id: 'samples' }, h('ul', { class: 'job-list' }, Object.entries(SAMPLES).map(([name, file]) => h('li', {},
  h('button', { type: 'button', class: 'link', id: `sample-${name}`, onclick: () => choose(name) }, t(`start.sample.${name}`)),
  h('p', { class: 'muted' }, t('start.sample.about', { file, about: t(`start.sample.${file.replace('.csv', '')}.about`) }))))));

function known(ctx) {
  const jobs = api.knownJobs();
  if (jobs.length === 0) return null;
  return card(t('start.resume'), { lead: t('start.resume.lead') }, h('ul', { class: 'job-list' }, jobs.map((job) => h('li', {},
    h('a', { href: `#/job/${job.id}` }, job.note || t('app.untitled')),
    h('div', { class: 'job-facts' }, job.status && badge(t(`status.${job.status}`), { succeeded: 'ok', failed: 'fail', running: 'info', queued: 'info' }[job.status]), h('span', { class: 'muted' }, t('start.until', { at: when(job.expires_at) })),
      h('button', { type: 'button', class: 'icon-button', 'aria-label': t('start.forget', { name: job.note || t('app.untitled') }), onclick: () => { api.forgetJob(job.id); ctx.reload(); } }, icon('cross')))))));
}

const how = () => card(t('start.how'), { cls: 'card-plain' }, h('ol', { class: 'how' }, ['data', 'draft', 'plan', 'run'].map((step, i) => h('li', {}, h('span', { class: 'step-mark', 'aria-hidden': 'true' }, String(i + 1)), h('div', {}, h('strong', {}, t(`step.${step}`)), h('p', { class: 'muted' }, t(`start.how.${step}`)))))));
