// Which node runs what, which ones are drained, and what keeps the new version from being final.

import { badge, button, h } from './dom.js';

function row(state, node) {
  const step = state.upgrades.nodes.find((each) => each.node === node.node) ?? {};
  const drain = step.state ?? 'SERVING';
  const away = ['DRAINING', 'DRAINED', 'REJOINING'].includes(drain);
  return h('tr', { 'data-key': node.node },
    h('th', { scope: 'row' }, node.node),
    h('td', {}, step.version ?? node.version ?? '–'),
    h('td', {}, badge(node.state === 'UP' ? 'good' : 'bad', node.state)),
    h('td', {}, badge(away ? 'warn' : 'plain', drain), step.reason ? ` ${step.reason}` : ''),
    h('td', {}, away
      ? button('rejoin', 'Rejoin …', { node: node.node }, { 'aria-label': `Rejoin node ${node.node}` })
      : button('drain', 'Drain …', { node: node.node }, { 'aria-label': `Drain node ${node.node}` })));
}

export function upgrades(state) {
  if (!state.upgrades) {
    return h('p', { class: 'soft' }, 'Not known yet.');
  }
  if (!state.upgrades.nodes) {
    return h('p', { class: 'soft' }, 'Not available: this node has no interface for upgrades. Versions are in the topology.');
  }
  const { blocking } = state.upgrades;
  return [
    h('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'Nodes and versions' },
      h('table', {},
        h('thead', {}, h('tr', {}, ['Node', 'Version', 'State', 'Upgrade', 'Action'].map((name) => h('th', { scope: 'col' }, name)))),
        h('tbody', {}, state.cluster.nodes.map((node) => row(state, node))))),
    blocking.length === 0
      ? h('p', {}, badge('good', 'free'), ' Nothing keeps the version from being finalized. ', button('finalize', 'Finalize …'))
      : h('div', {}, h('p', {}, badge('warn', 'blocked'), ' What keeps the version from being finalized:'), h('ul', {}, blocking.map((each) => h('li', {}, each)))),
  ];
}
