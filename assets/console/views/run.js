// The view of a run: waiting, working and ended, with its log as it grows, and what can be done after a failure. It
// follows the job's events, so that what happens while the connection is lost is told when it is back.

import { capabilities, tokenOf } from '../api.js';
import { duration, has, num, t, when } from '../i18n.js';
import { logView } from '../logview.js';
import { failure, history, metaOf, orTell, planOf, revise, runBadge, seconds, titleOf } from '../outcome.js';
import { announce, badge, button, card, confirm, debounce, empty, fill, h, icon, note, progress, unpressed, write } from '../ui.js';

/** Shows the view. */
export async function mount(root, ctx) {
  const view = new RunView(root, ctx);
  await view.start();
  return () => view.stop();
}

class RunView {
  constructor(root, ctx) {
    Object.assign(this, { root, ctx, runs: [], plans: [], log: null, logOf: null, progress: null, cancelling: false, asked: 0, drawn: 0 });
    this.state = h('div', { class: 'stack' });
    this.logCard = h('div', {});
    this.past = h('div', {});
    this.line = h('p', { class: 'hint', role: 'status' });
    this.clock = h('span', { class: 'num' });
    this.outlook = h('p', { class: 'hint', id: 'outlook' });
    this.redraw = unpressed(() => { if (!ctx.signal.aborted) this.draw(); });
  }

  async start() {
    fill(this.root, h('div', { class: 'head' }, h('h1', {}, t('run.title')), h('p', { class: 'lead' }, t('run.lead'))), this.line, this.state, this.logCard, this.past);
    capabilities().then((c) => { this.limit = c.run_timeout_seconds; this.tick(); }).catch(() => { /* without it no limit is shown */ });
    await this.read();
    this.timer = setInterval(() => this.tick(), 1000);
    this.follow();
  }

  stop() {
    clearInterval(this.timer);
    this.log?.stop();
  }

  /** Reads the job, its attempts and plans, and draws what changed. */
  async read() {
    const { api, signal } = this.ctx;
    const turn = (this.asked += 1);
    const [job, runs, plans] = await Promise.all([this.ctx.refresh(), api.get('runs', { signal }), api.get('plans', { signal })]);
    // answers to a later question may come before those to an earlier one
    if (turn < this.drawn) return;
    this.drawn = turn;
    const before = this.job?.status;
    this.job = job;
    this.runs = runs.data.runs;
    this.plans = plans.data.plans;
    this.meta = job.selected_template_id ? await metaOf(job.selected_template_id, tokenOf(job.job_id)) : null;
    if (signal.aborted) return;
    if (job.status !== 'running') this.cancelling = false;
    if (before !== undefined && before !== job.status) announce(t(`status.${job.status}`));
    this.redraw();
  }

  /** The events of the job; each change is read once, however many events tell of it. */
  follow() {
    const again = debounce(() => this.read().catch(() => {}), 120);
    this.ctx.api.stream('events', {
      signal: this.ctx.signal,
      onState: (state) => { this.line.textContent = state === 'waiting' ? t('run.connection') : ''; },
      onEvent: ({ event, data }) => {
        if (event === 'run.progress') this.step(JSON.parse(data));
        else if (event === 'job.status') { if (JSON.parse(data).version > this.job.version) again(); }
        else if (event === 'run.started' || event === 'run.finished' || event === 'run.queued') again();
      },
    }).catch((error) => { this.line.textContent = error.message; });
  }

  get current() {
    return this.runs.at(-1) ?? null;
  }

  step(told) {
    if (told.run_id !== this.current?.run_id || this.job.status !== 'running') return;
    this.progress = told;
    this.drawSteps?.();
  }

  tick() {
    if (this.job?.status !== 'running' || !this.current) return;
    const passed = seconds(this.current);
    write(this.clock, duration(Math.floor(passed)));
    write(this.outlook, this.outlookWords(passed));
    this.drawSteps?.();
  }

  /** The part of the step that is under way. */
  get part() {
    const at = this.progress?.run_id === this.current?.run_id ? this.progress : this.job.latest_run?.progress;
    return at?.part;
  }

  /** How long the last succeeded attempt of the same analysis took, in seconds; null where there is none. */
  get expected() {
    const templateOf = (run) => planOf(run, this.plans)?.template_id;
    const before = this.runs.filter((run) => run !== this.current && run.status === 'succeeded' && templateOf(run) === templateOf(this.current)).at(-1);
    return before ? seconds(before) : null;
  }

  /** What may be left, by an earlier attempt, and when the run ends at the latest. */
  outlookWords(passed) {
    const { expected } = this;
    const counted = this.part?.remaining_seconds;
    const left = counted !== undefined && counted !== null ? t('run.estimate.part', { left: duration(counted) }) : expected === null ? t('run.estimate.none')
      : passed < expected ? t('run.estimate', { left: duration(Math.ceil(expected - passed)), before: duration(expected) }) : t('run.estimate.longer', { before: duration(expected) });
    return [left, this.limit > 0 && t('run.limit', { limit: duration(this.limit) })].filter(Boolean).join(' ');
  }

  draw() {
    const { status } = this.job;
    const parts = { confirmed: () => this.ready(), queued: () => this.waiting(), running: () => this.working(), succeeded: () => this.succeeded(), failed: () => this.failed(), cancelled: () => this.failed() };
    this.drawSteps = null;
    fill(this.state, (parts[status] ?? (() => this.notYet()))());
    this.tick();
    const shown = this.runs.find((run) => run.run_id === this.logOf);
    if (this.current && (!shown || this.current.attempt > this.drawnAttempt)) this.showLog(this.current);
    fill(this.past, this.plans.length > 0 && history(this.plans, this.runs, this.job, (run) => this.showLog(run, true)));
  }

  showLog(run, focus = false) {
    this.log?.stop();
    this.logOf = run.run_id;
    this.drawnAttempt = this.current.attempt;
    this.log = logView(this.ctx.api, run.run_id);
    const shown = card(t('run.log_of', { n: run.attempt }), { actions: this.logActions(run) }, this.log);
    fill(this.logCard, shown);
    if (focus) {
      const heading = shown.querySelector('h2');
      heading.tabIndex = -1;
      heading.focus();
    }
  }

  logActions(run) {
    return run.status !== 'running' && button(t('log.download'), { kind: 'quiet', icon: 'download', onclick: orTell(() => this.ctx.api.download(`runs/${run.run_id}/log`, `${run.run_id}.log`)) });
  }

  heading(...more) {
    const plan = this.job.plan;
    return h('p', { class: 'row' }, h('strong', {}, titleOf(this.meta, this.job.selected_template_id ?? '')), plan && h('span', { class: 'muted' }, t('run.revision', { n: plan.revision })), more);
  }

  notYet() {
    return empty(t('run.none'), t('run.none.text'), button(t('step.plan'), { kind: 'primary', onclick: () => this.ctx.step('plan') }));
  }

  run() {
    return orTell(async () => { await this.ctx.api.post('run', {}); await this.read(); });
  }

  ready() {
    return card(t('run.ready'), { lead: t('run.ready.text') }, this.heading(),
      h('div', { class: 'row' }, button(t('run.start'), { kind: 'primary', icon: 'play', busyLabel: t('run.starting'), id: 'run-start', onclick: this.run() }), this.reviseButton()));
  }

  reviseButton() {
    return button(t('run.revise'), { icon: 'edit', onclick: orTell(() => revise(this.ctx)) });
  }

  cancelButton() {
    return button(t('run.cancel'), { kind: 'danger', id: 'run-cancel', onclick: orTell(async () => {
      if (!await confirm(t('run.cancel.title'), t('run.cancel.text'), { yes: t('run.cancel.yes'), no: t('run.cancel.no'), kind: 'danger' })) return;
      this.cancelling = true;
      await this.ctx.api.post('cancel', {});
      await this.read();
    }) });
  }

  waiting() {
    const queue = this.job.queue ?? { position: 0 };
    const place = queue.position > 0 ? t('run.queued.position', { position: queue.position }) : t('run.queued.next');
    return card(t('run.queued'), { actions: this.cancelButton() }, this.heading(), progress(t('run.queued')),
      h('p', { role: 'status' }, queue.retry_at ? t('run.retry_at', { at: when(queue.retry_at) }) : place), this.lastFailure());
  }

  /** What the attempt before an automatic retry failed of. */
  lastFailure() {
    const last = this.current;
    return last?.cause && last.status === 'failed' && note('warn', t('run.attempt', { n: last.attempt }), ': ', t(`cause.${last.cause}`));
  }

  working() {
    const steps = this.meta?.anchors?.steps ?? [];
    const list = h('ol', { class: 'run-steps', 'aria-label': t('run.steps') });
    const words = h('p', { role: 'status' });
    const bar = progress(t('run.running'));
    const counted = h('p', { class: 'num', id: 'run-part' });
    this.drawSteps = () => {
      const at = this.progress?.run_id === this.current?.run_id ? this.progress : this.job.latest_run?.progress;
      const total = at?.total ?? steps.length;
      const index = at?.index ?? 0;
      const { part } = at ?? {};
      // the count of its replications; else of what an earlier attempt took; without one the middle of the step
      const share = part && total > 0 ? (index - 1 + part.done / part.of) / total : this.expected ? Math.min(0.97, seconds(this.current) / this.expected) : total > 0 && index > 0 ? (index - 0.5) / total : null;
      bar.set(share);
      const said = this.cancelling || this.current?.cancel_requested ? t('run.cancelling') : this.job.latest_run?.phase === 'finishing' ? t('run.finishing') : index > 0 ? t('run.step_of', { index, total }) : t('run.starting');
      write(counted, part ? t(has(`run.part.${part.kind}`) ? `run.part.${part.kind}` : 'run.part', { done: part.done, of: part.of }) : '');
      // the clock draws the bar each second; what is read aloud and the steps change only with a step
      if (words.textContent === said && list.dataset.at === String(index)) return;
      words.textContent = said;
      list.dataset.at = String(index);
      fill(list, steps.map((name, i) => {
        const state = i + 1 < index ? 'done' : i + 1 === index ? 'now' : 'later';
        return h('li', { class: `step-${state}` }, badge(t(`run.${state}`), { done: 'ok', now: 'info', later: 'idle' }[state]), h('span', {}, stepWords(name)));
      }));
    };
    this.drawSteps();
    return card(t('run.running'), { actions: this.cancelButton() }, this.heading(h('span', { class: 'muted' }, t('run.attempt', { n: this.current?.attempt ?? 1 }))),
      bar, words, counted, list, h('p', { class: 'muted' }, `${t('run.elapsed')}: `, this.clock), this.outlook);
  }

  succeeded() {
    const run = this.current;
    const warned = (run?.checks ?? []).filter((c) => c.status === 'warn').length;
    return card(null, {}, h('div', { class: 'verdict verdict-ok' }, icon('check'), h('div', {}, h('h2', {}, t('run.succeeded')), h('p', {}, t('run.succeeded.text', { time: run ? duration(seconds(run)) : '' })),
      warned > 0 && h('p', {}, badge(t('run.succeeded.warned', { n: warned }), 'warn')))), this.heading(),
    h('div', { class: 'row' }, button(t('run.see_results'), { kind: 'primary', id: 'see-results', onclick: () => this.ctx.step('results') }), this.reviseButton()));
  }

  failed() {
    const run = this.current;
    const can = {
      run_again: this.run(),
      revise_plan: orTell(() => revise(this.ctx)),
      restart: () => this.ctx.go(''),
      do_file: orTell(() => this.ctx.api.download(`artifacts/artifacts/runs/${run.run_id}/main.do`, 'main.do')),
    };
    if (!run || this.job.status === 'cancelled' && run.status !== 'cancelled') {
      return card(t('status.cancelled'), {}, this.heading(), this.job.plan && h('div', { class: 'row' }, button(t('run.again'), { kind: 'primary', onclick: can.run_again }), this.reviseButton()));
    }
    return card(t(`status.${run.status}`), { actions: runBadge(run) }, this.heading(h('span', { class: 'muted' }, t('run.attempt', { n: run.attempt })), h('span', { class: 'muted' }, duration(seconds(run)))), failure(run, this.job, can));
  }
}

/** The words of a step that a template declares. */
const stepWords = (name) => (has(`run.step.${name}`) ? t(`run.step.${name}`) : name.replaceAll('_', ' '));
