// Tenants that move, live.

import { badge, button, h } from './dom.js';
import { bytes, millis, number, seconds } from './format.js';

const PHASES = ['PREPARING', 'DUAL_WRITE', 'VERIFYING', 'CUTOVER', 'DRAINING', 'HOLD', 'GC', 'COMPLETE'];
const BEFORE_CUTOVER = ['IDLE', 'QUEUED', 'PREPARING', 'DUAL_WRITE', 'VERIFYING'];
const REVERSIBLE = ['DRAINING', 'HOLD'];
const ENDED = ['COMPLETE', 'ABORTED', 'REVERSED', 'FAILED'];

export function running(migration) {
  return !ENDED.includes(migration.state);
}

/** Returns whether somebody should look. */
export function stopped(migration) {
  return migration.state === 'FAILED' || Boolean(migration.reason && running(migration));
}

function rail(state) {
  const at = PHASES.indexOf(state);
  return h('ol', { class: 'rail', 'aria-label': 'Phases' }, PHASES.map((phase, index) => h('li', {
    class: index < at || state === 'COMPLETE' ? 'done' : '', 'aria-current': index === at ? 'step' : null,
  }, phase.replace('_', ' ').toLowerCase())));
}

function fact(name, value) {
  return h('div', {}, h('dt', {}, name), h('dd', { class: 'number' }, value));
}

function card(each) {
  const part = Math.min(1, Math.max(0, each.progress ?? 0));
  const data = { id: each.id, tenant: each.tenant };
  return h('article', { class: 'card', 'data-key': `m${each.id}`, 'aria-label': `Migration ${each.id}` },
    h('div', { class: 'row' },
      h('h3', {}, `Tenant ${each.tenant}: ${each.from} → ${each.to}`),
      badge(each.state === 'COMPLETE' ? 'good' : stopped(each) ? 'bad' : 'plain', each.state),
      h('span', { class: 'soft' }, `migration ${each.id}`)),
    rail(each.state),
    running(each) && h('progress', { max: 1, value: part.toFixed(3), 'aria-label': `Progress of migration ${each.id}` }),
    h('dl', { class: 'facts' },
      fact('Done', `${number(part * 100)} %`),
      fact('Bytes', bytes(each.bytes)),
      running(each) && fact('Left', seconds(each.seconds_left)),
      fact('Write pause predicted', millis(each.predicted_write_pause_ms)),
      fact('Write pause measured', millis(each.write_pause_ms)),
      each.proof && fact('Proof', typeof each.proof === 'string' ? each.proof : JSON.stringify(each.proof))),
    each.reason && h('p', {}, each.reason),
    h('div', { class: 'row' },
      BEFORE_CUTOVER.includes(each.state) && button('abort', 'Abort …', data, { class: 'small danger', 'aria-label': `Abort migration ${each.id}` }),
      REVERSIBLE.includes(each.state) && button('reverse', 'Reverse …', data, { class: 'small danger', 'aria-label': `Reverse migration ${each.id}` })));
}

export function migrations(state) {
  if (!state.migrations) {
    return h('p', { class: 'soft' }, 'Not known yet.');
  }
  if (!state.migrations.list) {
    return h('p', { class: 'soft' }, 'Not available: this node has no interface for migrations.');
  }
  const all = [...state.migrations.list].sort((one, other) => running(other) - running(one));
  return all.length === 0
    ? h('p', { class: 'soft' }, 'No tenant moves. To move one, choose "Move …" at the tenant.')
    : h('div', { class: 'cards' }, all.slice(0, 20).map(card));
}
