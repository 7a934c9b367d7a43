// What a person looks at first: is anything wrong, and how much goes on.

import { badge, h } from './dom.js';
import { bytes, count, number } from './format.js';
import { stopped } from './migrations.js';

const NEARLY_FULL = 0.9;

/** Returns how far the worst follower is behind, in records; -1 if one is not heard of. */
function worstLag(shards) {
  const lags = shards.flatMap((shard) => Object.values(shard.replication_lag));
  return lags.some((lag) => lag.ms < 0) ? -1 : Math.max(0, ...lags.map((lag) => lag.records));
}

function nearlyFull(tenant) {
  return ['entities', 'storage_bytes'].filter((what) => tenant.quota[what] && tenant.usage[what] >= NEARLY_FULL * tenant.quota[what]);
}

/** Returns what somebody should look at: a sentence and the panel that has more. Figures that change all the time are not in it. */
export function attention({ cluster, migrations }) {
  const found = [];
  const add = (panel, text) => found.push({ panel, text });
  if (!cluster.leader) {
    add('topology', 'Nothing can be decided: no node leads the control log');
  }
  cluster.nodes.filter((node) => node.state !== 'UP').forEach((node) => add('topology', `Node ${node.node} is ${node.state}`));
  cluster.regions.filter((region) => region.health !== 'HEALTHY').forEach((region) => add('topology', `Region ${region.region} is ${region.health}`));
  const led = new Set(cluster.shards.filter((shard) => shard.role === 'LEADER').map((shard) => shard.shard));
  new Set(cluster.shards.map((shard) => shard.shard)).forEach((shard) => {
    if (!led.has(shard)) {
      add('topology', `Nobody leads shard s${shard}`);
    }
  });
  cluster.tenants.forEach((tenant) => {
    const name = `Tenant ${tenant.tenant}`;
    if (tenant.damage) {
      add('tenants', `${name} has a quarantined log: ${tenant.damage}`);
    }
    if (tenant.can_lose && tenant.can_lose.service.nodes < 0) {
      add('risks', `${name} can't be written`);
    }
    nearlyFull(tenant).forEach((what) => add('tenants', `${name} has nearly used up its quota of ${what === 'entities' ? 'entities' : 'storage'}`));
  });
  (migrations?.list ?? []).filter(stopped).forEach((each) => add('migrations', `Migration ${each.id} of tenant ${each.tenant} does not go on`));
  return found;
}

function tile(name, value) {
  return h('div', {}, h('dt', {}, name), h('dd', {}, value));
}

export function overview(state) {
  const { cluster } = state;
  const up = cluster.nodes.filter((node) => node.state === 'UP').length;
  const sum = (of) => cluster.tenants.reduce((total, tenant) => total + of(tenant), 0);
  const lag = worstLag(cluster.shards);
  const found = attention(state);
  return [
    h('dl', { class: 'tiles' },
      tile('Nodes up', `${up} of ${cluster.nodes.length}`),
      tile('Leads the control log', cluster.leader ?? 'nobody'),
      tile('Signals a second', number(sum((tenant) => tenant.usage.signals_per_sec))),
      tile('Tenants', number(cluster.tenants.length)),
      tile('Stored', bytes(sum((tenant) => tenant.usage.storage_bytes))),
      tile('Largest lag', lag < 0 ? 'not heard of' : count(lag, 'record'))),
    h('div', { role: 'status', 'aria-label': 'What needs attention' },
      found.length === 0
        ? h('p', {}, badge('good', 'OK'), ' Nothing needs attention.')
        : h('ul', { class: 'attention' }, found.slice(0, 20).map(({ panel, text }) => h('li', { 'data-key': text },
          badge('bad', 'look'), ' ', text, ' (', h('a', { href: `#${panel}` }, 'more'), ')'))),
      found.length > 20 && h('p', {}, `… and ${found.length - 20} more`)),
  ];
}
