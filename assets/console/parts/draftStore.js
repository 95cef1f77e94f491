// The draft while it is edited: changes are sent one after the other, each with its own answer, and followed by
// a preview of the plan that says what is still wrong and how many rows are left. Changes that were saved can be
// taken back and made again. Builds no elements.

import { debounce } from '../ui.js';

/** Most changes that can be taken back. */
const MOST_STEPS = 100;

/** The key of a patch that sets a parameter: its role where it has one, the condition, else its own name. */
export function patchKey(parameter) {
  if (parameter.type === 'condition' && parameter.bind === 'sample') return 'sample_if';
  const column = parameter.type === 'varname' || parameter.type === 'varlist';
  return column && parameter.bind !== 'option' ? `roles.${parameter.bind}` : `parameters.${parameter.name}`;
}

/** The bases of categories that a person stated, by variable. */
export const statedBases = (draft) => Object.fromEntries((draft.category_bases ?? []).filter((b) => b.reason === 'stated').map((b) => [b.column, b.level]));

/** What the keys of a change hold in a draft, as a change that brings it back; null where a key cannot be brought back. */
export function valuesOf(draft, updates) {
  const plain = {
    template_id: () => (draft.template && draft.template.chosen_by !== 'ranking' ? draft.template.template_id : null),
    sample_if: () => draft.sample_if,
    categorical_vars: () => draft.categorical_vars,
    base_levels: () => { const bases = statedBases(draft); return Object.keys(bases).length > 0 ? bases : null; },
    data_steps: () => draft.data_steps,
    derived_variables: () => draft.derived_variables.map(({ name, expression, label }) => ({ name, expression, ...(label ? { label } : {}) })),
    draft_text: () => draft.draft_text,
    requirement: () => draft.requirement,
  };
  const back = {};
  for (const key of Object.keys(updates)) {
    const name = key.slice(key.indexOf('.') + 1);
    const parameter = draft.parameters.find((p) => p.name === name);
    if (key.startsWith('roles.')) back[key] = draft.roles[name] ?? null;
    else if (key.startsWith('parameters.')) back[key] = parameter?.source === 'client_parameter' ? parameter.value : null;
    else if (plain[key]) back[key] = plain[key]();
    else return null;
  }
  return back;
}

export class DraftStore {
  /**
   * `onChange(store)` hears every change of draft, errors or preview; `memory` keeps the history of changes. `onElsewhere(theirs, updates, error)`
   * throws where the change must not be sent again.
   */
  constructor(ctx, draft, onChange, memory) {
    memory.history ??= { past: [], future: [] };
    Object.assign(this, { history: memory.history, ctx, draft, onChange, onElsewhere: () => {}, errors: new Map(), queue: [], busy: false, preview: null, previewError: null, looks: 0, failed: null });
    this.lookAhead = debounce(() => { this.looking = this.#look(); }, 250);
    if (['created', 'draft_ready'].includes(ctx.job.status)) this.lookAhead();
  }

  /** Queues a change; a later one of the same key takes the place of one that waits. */
  set(key, value, more = {}) {
    const updates = { [key]: value, ...more };
    // the ranking's choice becomes the person's with the first change, so that it does not move under their hands
    if (this.draft.template?.chosen_by === 'ranking' && !('template_id' in updates) && key !== 'draft_text') updates.template_id = this.draft.template.template_id;
    // a method that was refused is no longer asked for once something else is
    if (key !== 'template_id') this.errors.delete('template_id');
    this.queue = this.queue.filter((change) => change.step || change.key !== key);
    this.queue.push({ key, updates });
    this.onChange(this);
    return this.#work();
  }

  /** The change that `undo` or `redo` would take next, by its key; null where there is none. */
  next(way) { return this.history[way === 'undo' ? 'past' : 'future'].at(-1)?.key ?? null; }

  /** Takes the last saved change back (`undo`), or makes it again (`redo`). Resolves with its key, null where it was refused. */
  async step(way) {
    await this.idle();
    const [from, to] = way === 'undo' ? ['past', 'future'] : ['future', 'past'];
    const step = this.history[from].pop();
    if (!step) return null;
    this.errors.delete(step.key);
    this.queue.push({ key: step.key, updates: way === 'undo' ? step.back : step.updates, step });
    this.onChange(this);
    await this.#work();
    const refused = this.errors.has(step.key);
    this.history[refused ? from : to].push(step);
    this.onChange(this);
    return refused ? null : step.key;
  }

  get saving() { return this.busy || this.queue.length > 0; }

  /** Resolves once everything queued was answered. */
  async idle() {
    while (this.saving && !this.ctx.signal.aborted) await new Promise((resolve) => { setTimeout(resolve, 40); });
  }

  /** Resolves once nothing is under way; no preview begins until the next change. */
  async rest() {
    await this.idle();
    this.lookAhead.cancel();
    await this.looking;
  }

  async #work() {
    if (this.busy) { await this.idle(); return; }
    this.busy = true;
    try {
      while (this.queue.length > 0 && !this.ctx.signal.aborted) {
        await this.#send(this.queue.shift());
        this.onChange(this);
      }
    } finally { this.busy = false; }
    this.onChange(this);
    this.lookAhead();
  }

  async #send({ key, updates, step }) {
    const back = step ? null : valuesOf(this.draft, updates);
    try {
      const { data } = await this.meeting(updates, () => this.ctx.api.post('draft/patch', { field_updates: updates }, { ifMatch: this.draft.version }));
      this.draft = data.draft_preview;
      this.errors.delete(key);
      this.failed = null;
      // the question is no part of the history
      if (step || key === 'draft_text') return;
      // the same choice twice, as by a double click, is one change
      if (JSON.stringify(back) === JSON.stringify(updates)) return;
      // a change that cannot be taken back makes those before it unsafe to take back
      this.history.past = back ? [...this.history.past, { key, updates, back }].slice(-MOST_STEPS) : [];
      this.history.future = [];
    } catch (error) {
      if (error.code === 'ABORTED') return;
      this.errors.set(key, error);
      const lost = error.status === 0 || error.status >= 500 || [401, 403, 409, 412, 429].includes(error.status);
      if (lost) this.failed = { error, again: () => this.set(key, updates[key], updates) };
    }
  }

  /** Sends a change with the version of the draft; where something else was first, `onElsewhere` decides. */
  async meeting(updates, send) {
    for (let left = 3; ; left -= 1) {
      try { return await send(); } catch (error) {
        if (error.code !== 'JOB_VERSION_CONFLICT' || left === 0) throw error;
        const { data } = await this.ctx.api.get('draft/preview', { signal: this.ctx.signal });
        await this.onElsewhere(data, updates, error);
        this.draft.version = data.version;
      }
    }
  }

  async #look() {
    if (this.ctx.signal.aborted) return;
    const turn = (this.looks += 1);
    // a later look may be answered before an earlier one
    const overtaken = () => turn !== this.looks;
    try {
      const { data } = await this.ctx.api.post('plan/preview', {}, { signal: this.ctx.signal });
      if (overtaken()) return;
      this.preview = data;
      this.previewError = null;
    } catch (error) {
      if (error.code === 'ABORTED' || overtaken()) return;
      this.preview = null;
      this.previewError = error;
    }
    this.onChange(this);
  }

  /** What is wrong with a key, by its refused change or by the preview: an `ApiError`, `{reason, path}` or null. */
  problemOf(key) {
    if (this.errors.has(key)) return this.errors.get(key);
    for (const check of this.preview?.checks ?? []) {
      if (check.status !== 'fail') continue;
      if (check.value?.path === key) return { reason: check.message, context: check.value, code: check.id };
      const hit = check.value?.errors?.find?.((e) => e.path === key || `parameters.${key.split('.')[1]}` === e.path);
      if (hit) return { reason: hit.reason, context: hit };
    }
    return null;
  }
}
