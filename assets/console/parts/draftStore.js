// The draft while it is edited: changes are sent one after the other, each with its own answer, and followed by
// a preview of the plan that says what is still wrong and how many rows are left. Builds no elements.

import { debounce } from '../ui.js';

/** The key of a patch that sets a parameter: its role where it has one, the condition, else its own name. */
export function patchKey(parameter) {
  if (parameter.type === 'condition' && parameter.bind === 'sample') return 'sample_if';
  const column = parameter.type === 'varname' || parameter.type === 'varlist';
  return column && parameter.bind !== 'option' ? `roles.${parameter.bind}` : `parameters.${parameter.name}`;
}

export class DraftStore {
  /** `onChange(store)` hears every change of draft, errors or preview. */
  constructor(ctx, draft, onChange) {
    Object.assign(this, { ctx, draft, onChange, errors: new Map(), queue: [], busy: false, preview: null, previewError: null, looks: 0, failed: null });
    this.lookAhead = debounce(() => this.#look(), 250);
    if (['created', 'draft_ready'].includes(ctx.job.status)) this.lookAhead();
  }

  /** Queues a change; a later one of the same key takes the place of one that waits. */
  set(key, value, more = {}) {
    const updates = { [key]: value, ...more };
    // the ranking's choice becomes the person's with the first change, so that it does not move under their hands
    if (this.draft.template?.chosen_by === 'ranking' && !('template_id' in updates) && key !== 'draft_text') updates.template_id = this.draft.template.template_id;
    // a method that was refused is no longer asked for once something else is
    if (key !== 'template_id') this.errors.delete('template_id');
    this.queue = this.queue.filter((change) => change.key !== key);
    this.queue.push({ key, updates });
    this.onChange(this);
    return this.#work();
  }

  get saving() { return this.busy || this.queue.length > 0; }

  /** Resolves once everything queued was answered. */
  async idle() {
    while (this.saving && !this.ctx.signal.aborted) await new Promise((resolve) => { setTimeout(resolve, 40); });
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

  async #send({ key, updates }) {
    try {
      const { data } = await this.ctx.api.post('draft/patch', { field_updates: updates });
      this.draft = data.draft_preview;
      this.errors.delete(key);
      this.failed = null;
    } catch (error) {
      this.errors.set(key, error);
      const lost = error.status === 0 || error.status >= 500 || [401, 403, 409, 429].includes(error.status);
      if (lost) this.failed = { error, again: () => this.set(key, updates[key], updates) };
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
