// Regions, their nodes and what each replica does.

import { badge, h } from './dom.js';
import { bytes, count, millis, number } from './format.js';

const KINDS = { HEALTHY: 'good', UP: 'good', DEGRADED: 'warn', OFFLINE: 'bad', DOWN: 'bad' };

/** Returns how far a replica is behind whoever leads its shard, or null if nobody says. */
function lag(cluster, replica) {
  const lags = cluster.shards
    .filter((shard) => shard.shard === replica.shard && shard.replication_lag[replica.node])
    .map((shard) => shard.replication_lag[replica.node]);
  if (lags.length === 0) {
    return null;
  }
  return lags.some((each) => each.ms < 0) ? { ms: -1 } : lags.reduce((worst, each) => (each.records > worst.records ? each : worst));
}

function replica(cluster, shard) {
  const leads = shard.role === 'LEADER';
  const behind = lag(cluster, shard);
  return h('li', { 'data-key': `s${shard.shard}` },
    h('span', { class: leads ? 'leads' : '' }, `s${shard.shard} ${leads ? 'leads' : 'follows'}`),
    h('span', { class: 'soft number' }, leads
      ? `${number(shard.signals_per_sec)}/s, ${count(shard.entity_count, 'entity', 'entities')}, ${bytes(shard.disk_bytes)}`
      : `${bytes(shard.disk_bytes)}`),
    behind && (behind.ms < 0 ? badge('warn', 'not heard of')
      : behind.records > 0 ? badge('warn', `${count(behind.records, 'record')} behind, ${millis(behind.ms)}`)
        : !leads && badge('plain', 'has all')));
}

function node(cluster, each) {
  const shards = cluster.shards.filter((shard) => shard.node === each.node);
  return h('div', { class: 'node', 'data-key': each.node },
    h('div', { class: 'row' },
      h('strong', {}, each.node), badge(KINDS[each.state] ?? 'plain', each.state),
      cluster.leader === each.node && badge('plain', 'leads the control log'),
      h('span', { class: 'soft' }, [each.version && `version ${each.version}`, each.address].filter(Boolean).join(', ')),
      each.state !== 'UP' && h('span', { class: 'soft' }, each.last_heartbeat_ms_ago === null
        ? 'never heard of' : `heard of ${millis(each.last_heartbeat_ms_ago)} ago`)),
    h('ul', { class: 'shards', 'aria-label': `Replicas on ${each.node}` }, shards.map((shard) => replica(cluster, shard))));
}

export function topology({ cluster }) {
  return h('div', { class: 'regions' }, cluster.regions.map((region) => h('div', { class: 'region', 'data-key': region.region },
    h('div', { class: 'row' }, h('h3', {}, `Region ${region.region}`), badge(KINDS[region.health] ?? 'plain', region.health)),
    cluster.nodes.filter((each) => each.region === region.region).map((each) => node(cluster, each)))));
}
