// Who uses how much of what, the noisiest first.

import { badge, button, h } from './dom.js';
import { bytes, count, number } from './format.js';

const SHOWN = 50;
const WINDOW_MILLIS = 10_000;

/** Of each tenant, how often it had been refused at several moments of the last seconds. */
const seen = new Map();

export function remember(cluster, now) {
  const there = new Set();
  cluster.tenants.forEach(({ tenant, throttled_total: total }) => {
    there.add(tenant);
    const looks = (seen.get(tenant) ?? []).filter((look) => now - look.at <= WINDOW_MILLIS && look.total <= Number(total));
    looks.push({ at: now, total: Number(total) });
    seen.set(tenant, looks);
  });
  [...seen.keys()].filter((tenant) => !there.has(tenant)).forEach((tenant) => seen.delete(tenant));
}

function throttledPerSecond(tenant) {
  const looks = seen.get(tenant.tenant) ?? [];
  const elapsed = looks.length < 2 ? 0 : looks.at(-1).at - looks[0].at;
  return elapsed > 0 ? ((looks.at(-1).total - looks[0].total) / elapsed) * 1_000 : 0;
}

const ORDERS = {
  // As the metrics rank them: what is refused is noise, too.
  noisy: (one, other) => noise(other) - noise(one),
  storage: (one, other) => other.usage.storage_bytes - one.usage.storage_bytes,
  number: (one, other) => (BigInt(one.tenant) < BigInt(other.tenant) ? -1 : 1),
};

function noise(tenant) {
  return tenant.usage.signals_per_sec + throttledPerSecond(tenant);
}

function usage(name, used, limit, print) {
  const share = limit ? Math.min(1, used / limit) : 0;
  return h('div', {},
    h('div', { class: 'number' }, h('span', { class: 'soft' }, `${name} `), print(used), limit ? ` of ${print(limit)}` : ''),
    limit ? h('meter', { min: 0, max: 1, low: 0.8, high: 0.95, optimum: 0, value: share.toFixed(3), 'aria-label': `${name}: ${print(used)} of ${print(limit)}` })
      : h('div', { class: 'soft' }, 'no limit'));
}

function survives({ nodes, regions }) {
  return nodes < 0 ? 'too few left' : `${count(nodes, 'node')}, ${count(regions, 'region')}`;
}

function tenantCard(state, tenant) {
  const refused = throttledPerSecond(tenant);
  const name = tenant.label ? `${tenant.label} (${tenant.tenant})` : tenant.tenant;
  const data = { tenant: tenant.tenant };
  const label = (what) => ({ 'aria-label': `${what} of tenant ${tenant.tenant}` });
  return h('li', { class: 'tenant', 'data-key': tenant.tenant },
    h('div', { class: 'who' },
      h('h3', {}, name),
      h('div', { class: 'soft' }, `led at ${tenant.shards.join(', ')}`),
      tenant.damage && badge('bad', 'quarantined')),
    usage('Signals/s', tenant.usage.signals_per_sec, tenant.quota.signals_per_sec, number),
    usage('Entities', tenant.usage.entities, tenant.quota.entities, number),
    usage('Storage', tenant.usage.storage_bytes, tenant.quota.storage_bytes, bytes),
    h('div', {},
      refused > 0 ? badge('warn', `throttled, ${number(refused)}/s`) : badge('plain', 'not throttled'),
      h('div', { class: 'soft number' }, `${number(tenant.throttled_total)} refused in all`),
      tenant.can_lose && h('div', { class: 'soft' }, `bears the loss of ${survives(tenant.can_lose.service)}`)),
    h('div', { class: 'actions' },
      button('limits', 'Limits …', data, label('Limits')),
      button('promote', 'Lead elsewhere …', data, label('Lead elsewhere: shards')),
      state.migrations?.list && button('migrate', 'Move …', data, label('Move: data'))));
}

export function tenants(state) {
  const { text, order } = state.filters;
  const wanted = text.trim().toLowerCase();
  const all = state.cluster.tenants
    .filter((tenant) => tenant.tenant.startsWith(wanted) || (tenant.label ?? '').toLowerCase().includes(wanted))
    .sort(ORDERS[order] ?? ORDERS.noisy);
  if (all.length === 0) {
    return h('p', { class: 'soft' }, wanted ? 'No tenant has this number or label.' : 'There are no tenants yet.');
  }
  return [
    h('ol', { class: 'tenants' }, all.slice(0, SHOWN).map((tenant) => tenantCard(state, tenant))),
    all.length > SHOWN && h('p', { class: 'soft' }, `The first ${SHOWN} of ${number(all.length)}; find others above.`),
  ];
}
