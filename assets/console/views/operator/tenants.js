// Tenants: what they hold, their limits, how long things are kept, what a model may see, and a hold that stops removals.

import { bytes, num, t, when } from '../../i18n.js';
import { stackable } from '../../outcome.js';
import { searchable } from '../../parts/searchable.js';
import { badge, button, card, checkbox, empty, field, fill, h, note, problem, select, table, toast } from '../../ui.js';

const LIMITS = ['jobs', 'bytes', 'queued', 'jobs_per_day', 'running'];
const RETENTION = ['jobs_days', 'inputs_days', 'run_workdirs_hours', 'unfinished_jobs_days', 'upload_sessions_hours'];

/** Draws the list, or the tenant that the address names. */
export async function draw(root, ctx) {
  if (ctx.item) await one(root, ctx);
  else await list(root, ctx);
}

async function list(root, ctx) {
  const { tenants } = await ctx.api.get('admin/tenants');
  const name = h('input', { type: 'text', id: 'tenant-name', autocomplete: 'off', placeholder: 'default' });
  const open = (event) => { event.preventDefault(); ctx.go(`operator/tenants/${encodeURIComponent(name.value.trim() || 'default')}`); };
  const columns = [
    { key: 'tenant_id', label: t('operator.tenant'), render: (x) => h('a', { href: `#/operator/tenants/${encodeURIComponent(x.tenant_id)}` }, x.tenant_id) },
    { key: 'jobs', label: t('operator.usage.jobs'), align: 'end', render: (x) => num(x.usage.jobs) },
    { key: 'bytes', label: t('operator.usage.bytes'), align: 'end', render: (x) => bytes(x.usage.bytes) },
    { key: 'queued', label: t('operator.usage.queued'), align: 'end', render: (x) => num(x.usage.queued) },
    { key: 'hold', label: t('operator.hold'), render: (x) => (x.hold ? badge(t('operator.hold.on'), 'warn') : '–') },
    { key: 'updated', label: t('operator.updated'), render: (x) => when(x.updated_at) || '–' },
  ];
  fill(root, card(t('operator.tenants'), { lead: t('operator.tenants.text') },
    h('form', { class: 'filters', onsubmit: open }, field(t('operator.tenant'), name), h('div', { class: 'row' }, h('button', { type: 'submit', class: 'button', id: 'open-tenant' }, t('operator.tenant.open')))),
    tenants.length === 0 ? empty(t('operator.no_tenants'), t('operator.no_tenants.text')) : searchable(stackable(table(columns, tenants, { caption: t('operator.tenants'), rowHeader: 'tenant_id' })), { label: t('operator.search.tenants') })));
}

async function one(root, ctx) {
  const tenant = await ctx.api.get(`admin/tenants/${encodeURIComponent(ctx.item)}`);
  const number = (group, key) => field(t(`operator.${group}.${key}`), h('input', { type: 'number', min: 0, value: tenant[group][key] ?? '', id: `${group}-${key}` }));
  const limits = Object.fromEntries(LIMITS.map((key) => [key, number('limits', key)]));
  const retention = Object.fromEntries(RETENTION.map((key) => [key, number('retention', key)]));
  const sharing = select(['', 'none', 'schema', 'samples'].map((v) => ({ value: v, label: t(`operator.sharing.${v || 'unset'}`) })), { value: tenant.data_sharing_max ?? '', id: 'tenant-sharing' });
  const reason = h('input', { type: 'text', maxlength: 1000, value: tenant.hold?.reason ?? '', id: 'hold-reason' });
  const hold = checkbox(t('operator.hold.set'), { checked: Boolean(tenant.hold), id: 'hold', hint: t('operator.hold.text') });
  const told = h('div', {});
  const values = (fields) => Object.fromEntries(Object.entries(fields).filter(([, f]) => f.control.value !== '').map(([key, f]) => [key, Number(f.control.value)]));
  const save = async (event) => {
    event.preventDefault();
    const body = { limits: values(limits), retention: values(retention), data_sharing_max: sharing.value || null, hold: hold.control.checked ? { reason: reason.value.trim() || t('operator.hold.unsaid') } : null };
    try {
      await ctx.api.put(`admin/tenants/${encodeURIComponent(ctx.item)}`, { body, ifMatch: tenant.version || undefined });
      toast(t('operator.saved'));
      await ctx.again();
    } catch (error) { fill(told, problem(error, { retry: error.code === 'JOB_VERSION_CONFLICT' ? ctx.again : undefined })); }
  };
  const group = (key, fields) => h('fieldset', {}, h('legend', {}, t(`operator.${key}`)), h('p', { class: 'hint' }, t(`operator.${key}.text`)), h('div', { class: 'form-grid' }, Object.values(fields)));
  fill(root,
    h('p', {}, h('a', { href: '#/operator/tenants' }, `← ${t('operator.tenants')}`)),
    card(tenant.tenant_id, { lead: tenant.version === 0 ? t('operator.tenant.none') : t('operator.tenant.version', { n: tenant.version, at: when(tenant.updated_at) }) },
      tenant.hold && note('warn', `${t('operator.hold.on')}: ${tenant.hold.reason}`),
      h('ul', { class: 'tiles' }, [['jobs', num(tenant.usage.jobs)], ['bytes', bytes(tenant.usage.bytes)], ['queued', num(tenant.usage.queued)]].map(([key, value]) => h('li', {}, h('span', { class: 'tile-value' }, value), h('span', { class: 'muted' }, t(`operator.usage.${key}`))))),
      h('form', { class: 'stack', onsubmit: save }, group('limits', limits), group('retention', retention), field(t('operator.sharing'), sharing), hold, field(t('operator.hold.reason'), reason),
        h('div', { class: 'row' }, h('button', { type: 'submit', class: 'button button-primary', id: 'save-tenant' }, t('operator.save')), button(t('ui.cancel'), { onclick: () => ctx.go('operator/tenants') })), told)));
}
