// How much can be lost so that nothing that was acknowledged is, and what becomes of tenants without a node.

import { badge, h } from './dom.js';
import { count, number } from './format.js';

function group(cluster) {
  const groups = new Map();
  cluster.tenants.filter((tenant) => tenant.can_lose).forEach((tenant) => {
    const { data, service } = tenant.can_lose;
    const key = [data.nodes, data.regions, service.nodes, service.regions].join();
    const found = groups.get(key) ?? { data, service, tenants: [] };
    found.tenants.push(tenant.tenant);
    groups.set(key, found);
  });
  return [...groups.values()].sort((one, other) => one.service.nodes - other.service.nodes || one.data.nodes - other.data.nodes);
}

function loss({ nodes, regions }) {
  return nodes < 0 ? badge('bad', 'too much is lost already') : `${count(nodes, 'node')} or ${count(regions, 'region')}`;
}

function examples(tenants) {
  return tenants.slice(0, 5).join(', ') + (tenants.length > 5 ? ' …' : '');
}

function table(name, heads, rows) {
  return h('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': name },
    h('table', {}, h('caption', { class: 'visually-hidden' }, name),
      h('thead', {}, h('tr', {}, heads.map((head) => h('th', { scope: 'col' }, head)))), h('tbody', {}, rows)));
}

export function risks({ cluster }) {
  const groups = group(cluster);
  return [
    groups.length === 0 ? h('p', { class: 'soft' }, 'There are no tenants yet.') : table('What tenants bear',
      ['Tenants', 'All data is still there after the loss of', 'Writes go on after the loss of'],
      groups.map((each) => h('tr', {}, h('td', {}, `${number(each.tenants.length)} (${examples(each.tenants)})`),
        h('td', {}, loss(each.data)), h('td', {}, loss(each.service))))),
    cluster.if_lost.length > 0 && table('What becomes of tenants without a node',
      ['If lost', 'Led by others', 'Read-only', 'Unavailable', 'Lose data', 'Among them'],
      cluster.if_lost.map((each) => h('tr', {}, h('th', { scope: 'row' }, each.node), h('td', {}, number(each.moves)),
        ...[each.read_only, each.unavailable, each.loses_data].map((n) => h('td', {}, n > 0 ? badge('bad', number(n)) : '0')),
        h('td', {}, examples(each.examples) || '–')))),
  ];
}
