// What an operator can change here.

import { token } from './api.js';
import { ask } from './dialog.js';
import { say } from './dom.js';

const LIMITS = [
  ['max_signals_per_sec', 'Signals a second', '--max-signals-per-sec', (tenant) => tenant.quota.signals_per_sec],
  ['max_entities', 'Entities', '--max-entities', (tenant) => tenant.quota.entities],
  ['max_storage_bytes', 'Storage in bytes', '--max-storage-bytes', (tenant) => tenant.quota.storage_bytes],
];

const find = (state, tenant) => state.cluster.tenants.find((each) => each.tenant === tenant);

function limit(name, text) {
  const value = Number(text);
  if (text.trim() !== '' && !(value > 0)) {
    throw new Error(`${name} is "${text}": expected a number above 0, or nothing for no limit`);
  }
  return text.trim() === '' ? null : value;
}

function limits(state, { tenant }, done) {
  const shown = find(state, tenant);
  const changed = (values) => LIMITS.filter(([name, label, , now]) => limit(label, values[name]) !== now(shown));
  ask({
    title: `Limits of tenant ${tenant}`,
    about: 'Empty is no limit. A change counts at once on every node.',
    fields: LIMITS.map(([name, label, , now]) => ({ name, label, value: String(now(shown) ?? '') })),
    request: (values) => ({
      method: 'PATCH', path: `/v1/tenants/${tenant}`,
      body: Object.fromEntries(changed(values).map(([name, label]) => [name, limit(label, values[name])])),
    }),
    command: (values) => `tenant set --tenant ${tenant} ${changed(values).map(([name, , option]) => `${option} ${values[name] || 'none'}`).join(' ')}`,
    verb: 'Change the limits', dryRun: true, done,
  });
}

/** Replicas of the tenant's shards that don't lead them. */
function others(state, tenant) {
  const led = new Set(tenant.shards);
  const shards = new Set(tenant.shards.map((replica) => Number(replica.split(':s')[1])));
  return state.cluster.shards
    .filter((shard) => shards.has(shard.shard) && !led.has(`r${shard.region}:s${shard.shard}`))
    .map((shard) => [`r${shard.region}:s${shard.shard}`, `r${shard.region}:s${shard.shard} on ${shard.node}`]);
}

function promote(state, { tenant }, done) {
  const options = others(state, find(state, tenant));
  if (options.length === 0) {
    say(`Tenant ${tenant} has no other replica`);
    return;
  }
  ask({
    title: `Lead tenant ${tenant} elsewhere`,
    about: 'Another replica of a shard takes the writes, once it has all that was written. Writers do not notice.',
    fields: [{ name: 'replica', label: 'New leader', options, value: options[0][0] }],
    request: ({ replica }) => ({ method: 'POST', path: `/v1/tenants/${tenant}/leader`, body: { replica } }),
    command: ({ replica }) => `cluster promote --tenant ${tenant} --to ${replica}`,
    verb: 'Hand over', done,
  });
}

function migrate(state, { tenant }, done) {
  const { shards } = find(state, tenant);
  const targets = state.cluster.shards
    .map((shard) => `r${shard.region}:s${shard.shard}`)
    .filter((replica) => !shards.includes(replica))
    .map((replica) => [replica, replica]);
  ask({
    title: `Move tenant ${tenant}`,
    about: 'Its data is copied while it is used, compared, and served from there. It can be taken back until the end of its hold.',
    fields: [
      { name: 'from', label: 'From', options: shards.map((replica) => [replica, replica]), value: shards[0] },
      { name: 'to', label: 'To', options: targets, value: targets[0]?.[0] },
      { name: 'rate', label: 'Bytes a second at most', hint: 'Empty: as fast as others do not notice' },
    ],
    request: ({ from, to, rate }) => ({
      method: 'POST', path: '/v1/migrations', body: { tenant, from, to, ...(rate.trim() && { max_bytes_per_sec: limit('Bytes a second', rate) }) },
    }),
    command: ({ from, to, rate }) => `migrate start --tenant ${tenant} --from ${from} --to ${to}${rate.trim() ? ` --max-bytes-per-sec ${rate}` : ''}`,
    verb: 'Move it', dryRun: true, done,
  });
}

/** A step of a migration that takes no more than its number. */
function step(word, title, about, verb) {
  return (state, { id, tenant }, done) => ask({
    title: `${title} migration ${id}`, about: about.replace('{}', tenant),
    request: () => ({ method: 'POST', path: `/v1/migrations/${encodeURIComponent(id)}/${word}` }), command: () => `migrate ${word} ${id}`, verb, done,
  });
}

/** A step of a node out of service or back. */
function nodeStep(word, title, about, verb) {
  return (state, { node }, done) => ask({
    title: title.replace('{}', node), about,
    request: () => ({ method: 'POST', path: `/v1/upgrades/${node}/${word}` }), command: () => `upgrade ${word} ${node}`, verb, done,
  });
}

function finalize(state, data, done) {
  ask({
    title: 'Finalize the version', about: 'New formats are written from then on. There is no way back to the older version.',
    request: () => ({ method: 'POST', path: '/v1/upgrades/finalize' }), command: () => 'upgrade finalize', verb: 'Finalize for good', done,
  });
}

/** By the name on the button. */
export const ACTIONS = {
  limits,
  promote,
  migrate,
  abort: step('abort', 'Abort', 'Tenant {} stays where it is; what was copied is erased there. Nothing is lost.', 'Abort it'),
  reverse: step('reverse', 'Reverse', 'Tenant {} goes back to where it was, with all that was written since.', 'Take it back'),
  pause: step('pause', 'Pause', 'Nothing more is copied until it is resumed; tenant {} is served from where it is.', 'Pause it'),
  resume: step('resume', 'Resume', 'Tenant {} goes on to be copied.', 'Resume it'),
  'end-hold': step('end-hold', 'End the hold of', 'What tenant {} left behind is erased. It can\'t be taken back then.', 'Erase it'),
  drain: nodeStep('drain', 'Drain node {}', 'Other nodes lead what it leads, and it serves no more until it rejoins. Refused where a tenant would be left without.', 'Drain it'),
  rejoin: nodeStep('rejoin', 'Let node {} rejoin', 'It catches up, is compared, and leads again what it led.', 'Let it rejoin'),
  finalize,
};

/** Asks for a token, and keeps it for as long as the tab is open. */
export function enterToken(done) {
  ask({
    title: 'Token',
    about: 'An operator\'s token, for as long as this tab is open. Empty forgets the one there is.',
    fields: [{ name: 'secret', label: 'Token', type: 'password' }],
    request: () => ({ method: 'GET', path: '/v1/cluster' }),
    before: ({ secret }) => (secret.trim() ? token.set(secret.trim()) : token.clear()),
    verb: 'Use it', done,
  });
}
