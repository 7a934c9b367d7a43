// Which node runs what, how far it is on its way out of service and back, and what keeps the new version from being final.

import { badge, button, h } from './dom.js';
import { millis } from './format.js';

const KINDS = { SERVING: 'plain', DRAINING: 'warn', DRAINED: 'warn', REJOINING: 'warn', RETURNING: 'good' };

function said({ waits_for: waits, failure, advice }) {
  return [
    waits && h('div', {}, `Waits for ${waits}`),
    failure && h('div', {}, badge('bad', 'failed'), ' ', failure),
    advice && h('div', { class: 'soft' }, advice),
  ];
}

function took({ drain_ms: drain, rejoin_ms: rejoin }) {
  return [drain != null && `drained in ${millis(drain)}`, rejoin != null && `back in ${millis(rejoin)}`].filter(Boolean).join(', ') || '–';
}

function row(each) {
  const serves = each.state === 'SERVING' || each.state === 'RETURNING';
  return h('tr', { 'data-key': each.node },
    h('th', { scope: 'row' }, each.node),
    h('td', {}, each.version ?? '–'),
    h('td', {}, badge(each.up ? 'good' : 'bad', each.up ? 'UP' : 'DOWN')),
    h('td', {}, badge(KINDS[each.state] ?? 'plain', each.state), said(each)),
    h('td', {}, took(each)),
    h('td', {}, serves
      ? button('drain', 'Drain …', { node: each.node }, { 'aria-label': `Drain node ${each.node}` })
      : button('rejoin', 'Rejoin …', { node: each.node }, { 'aria-label': `Rejoin node ${each.node}` })));
}

/** What is in the way: a node that is away, or nodes of several versions. */
function blocking({ nodes, blocking: told }) {
  const versions = [...new Set(nodes.map((each) => each.version).filter(Boolean))];
  return [
    ...(told ?? []),
    ...nodes.filter((each) => each.state !== 'SERVING').map((each) => `${each.node} is ${each.state}`),
    ...nodes.filter((each) => !each.up).map((each) => `${each.node} does not answer`),
    ...(versions.length > 1 ? [`nodes run several versions: ${versions.join(', ')}`] : []),
  ];
}

function finalizing(upgrades) {
  const found = blocking(upgrades);
  if (found.length > 0) {
    return h('div', {}, h('p', {}, badge('warn', 'not now'), ' What keeps the version from being finalized:'), h('ul', {}, found.map((each) => h('li', {}, each))));
  }
  return h('p', {}, badge('good', 'free'), ' Nothing keeps the version from being finalized. ', upgrades.finalizes && button('finalize', 'Finalize …'));
}

export function upgrades(state) {
  if (!state.upgrades) {
    return h('p', { class: 'soft' }, 'Not known yet.');
  }
  if (!state.upgrades.nodes) {
    return h('p', { class: 'soft' }, 'Not available: this node has no interface for upgrades. Versions are in the topology.');
  }
  return [
    h('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'Nodes and versions' },
      h('table', {},
        h('thead', {}, h('tr', {}, ['Node', 'Version', 'Process', 'Upgrade', 'Took', 'Action'].map((name) => h('th', { scope: 'col' }, name)))),
        h('tbody', {}, state.upgrades.nodes.map(row)))),
    finalizing(state.upgrades),
  ];
}
