// Tenants that move, live.

import { badge, button, h } from './dom.js';
import { bytes, millis, number, seconds } from './format.js';

const PHASES = ['PREPARING', 'DUAL_WRITE', 'VERIFYING', 'CUTOVER', 'DRAINING', 'HOLD', 'GC', 'COMPLETE'];
const BEFORE_CUTOVER = ['PREPARING', 'DUAL_WRITE', 'VERIFYING', 'CUTOVER'];
const REVERSIBLE = ['DRAINING', 'HOLD'];
const ENDED = ['COMPLETE', 'ABORTED'];
const SHOWN = 20;

export function running(migration) {
  return !ENDED.includes(migration.state);
}

/** Returns whether somebody should look: it says why it does not go on. */
export function stopped(migration) {
  return running(migration) && Boolean(migration.note);
}

function rail({ state }) {
  const at = PHASES.indexOf(state);
  return h('ol', { class: 'rail', 'aria-label': 'Phases' }, PHASES.map((phase, index) => h('li', {
    class: index < at || state === 'COMPLETE' ? 'done' : '', 'aria-current': index === at ? 'step' : null,
  }, phase.replace('_', ' ').toLowerCase())));
}

/** What proves that both sides have the same: the slot changes hands only after that. */
function proof({ state }) {
  if (PHASES.indexOf(state) > PHASES.indexOf('VERIFYING')) {
    return 'content compared, equal';
  }
  return state === 'VERIFYING' ? 'is compared now' : 'not yet';
}

function fact(name, value) {
  return h('div', {}, h('dt', {}, name), h('dd', { class: 'number' }, value));
}

function kind(each) {
  return each.state === 'COMPLETE' ? 'good' : each.state.startsWith('ABORT') || stopped(each) ? 'warn' : 'plain';
}

function actions(each) {
  const data = { id: each.id, tenant: each.tenant };
  const act = (action, text, danger = true) => button(action, text, data, {
    class: danger ? 'small danger' : 'small', 'aria-label': `${text.replace(' …', '')}: migration ${each.id}`,
  });
  return h('div', { class: 'row' },
    BEFORE_CUTOVER.includes(each.state) && act('abort', 'Abort …'),
    REVERSIBLE.includes(each.state) && act('reverse', 'Reverse …'),
    each.state === 'HOLD' && act('end-hold', 'End the hold …'),
    BEFORE_CUTOVER.includes(each.state) && (each.paused ? act('resume', 'Resume …', false) : act('pause', 'Pause …', false)));
}

function card(each) {
  const part = Math.min(1, Math.max(0, each.progress ?? 0));
  return h('article', { class: 'card', 'data-key': `m${each.id}`, 'aria-label': `Migration ${each.id}` },
    h('div', { class: 'row' },
      h('h3', {}, `Tenant ${each.tenant}: ${each.from} → ${each.to}`),
      badge(kind(each), each.state), each.paused && badge('warn', 'paused'),
      h('span', { class: 'soft' }, `migration ${each.id}`)),
    rail(each),
    running(each) && h('progress', { max: 1, value: part.toFixed(3), 'aria-label': `Progress of migration ${each.id}` }),
    h('dl', { class: 'facts' },
      fact('Done', `${number(part * 100)} %`),
      fact('Bytes', each.total_bytes ? `${bytes(each.bytes)} of ${bytes(each.total_bytes)}` : bytes(each.bytes)),
      running(each) && fact('Rate', each.bytes_per_sec === undefined ? '–' : `${bytes(each.bytes_per_sec)}/s`),
      running(each) && fact('Left', seconds(each.seconds_left)),
      fact('Write pause predicted', millis(each.predicted_write_pause_ms)),
      fact('Write pause measured', millis(each.write_pause_ms)),
      fact('Proof', proof(each)),
      each.attempts > 1 && fact('Attempts to cut over', number(each.attempts)),
      each.held_until && fact('Held until', each.held_until.replace('T', ' ').replace(/\.\d+Z|Z/, ''))),
    each.note && h('p', {}, each.note),
    actions(each));
}

export function migrations(state) {
  if (!state.migrations) {
    return h('p', { class: 'soft' }, 'Not known yet.');
  }
  if (!state.migrations.list) {
    return h('p', { class: 'soft' }, 'Not available: this node has no interface for migrations.');
  }
  const all = [...state.migrations.list].sort((one, other) => running(other) - running(one) || other.id - one.id);
  return all.length === 0
    ? h('p', { class: 'soft' }, 'No tenant moves. To move one, choose "Move …" at the tenant.')
    : [h('div', { class: 'cards' }, all.slice(0, SHOWN).map(card)),
      all.length > SHOWN && h('p', { class: 'soft' }, `The first ${SHOWN} of ${number(all.length)}.`)];
}
