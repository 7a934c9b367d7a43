// Asks the node again and again, and brings the panels up to date.

import * as actions from './actions.js';
import { Refused, call, events as stream, text, token } from './api.js';
import { add, build } from './charts.js';
import { copy, curl, tidal } from './commands.js';
import { h, show } from './dom.js';
import { audit, events, note } from './journal.js';
import { between, parse } from './metrics.js';
import { migrations, running } from './migrations.js';
import { overview } from './overview.js';
import { risks } from './risks.js';
import { remember, tenants } from './tenants.js';
import { topology } from './topology.js';
import { upgrades } from './upgrades.js';

const PANELS = { overview, topology, tenants, migrations, upgrades, risks, events, audit };
const LOOK_MILLIS = 2_000;
const AUDIT_MILLIS = 10_000;
const ABSENT_MILLIS = 60_000;
const AUDIT_ENTRIES = 25;
const THEMES = ['system', 'dark', 'light'];

const state = {
  cluster: null, migrations: null, upgrades: null, audit: null, auditFrom: 0, events: [], heard: 0, listening: false, locked: false,
  filters: { text: '', order: 'noisy' },
};

function render() {
  if (state.cluster) {
    document.title = `Tidal ${state.cluster.cluster}`;
    document.getElementById('cluster').textContent = state.cluster.cluster;
    for (const [name, panel] of Object.entries(PANELS)) {
      show(document.querySelector(`[data-panel="${name}"]`), panel(state));
    }
  }
}

function tell(id, words) {
  const place = document.getElementById(id);
  if (place.textContent !== words) {
    place.textContent = words;
  }
}

/** Says in words why there is nothing to see, and takes away what may be seen with a token only. */
function refused(failure) {
  if (failure.status === 401 || failure.status === 403) {
    state.locked = true;
    state.cluster = null;
    document.querySelectorAll('[data-panel]').forEach((panel) => panel.replaceChildren());
    tell('notice', failure.status === 401 && !token.get()
      ? 'This node wants a token: press "Token …" and give it an operator\'s.'
      : `This token does not do: ${failure.message}. An operator's is wanted.`);
    tell('connection', 'Not allowed');
  } else {
    tell('notice', failure.status === 0 ? '' : `The node answers: ${failure.message}`);
    tell('connection', failure.status === 0 ? 'The node does not answer; tries again' : 'The node does not serve; tries again');
  }
}

/** Does something again and again, but no more than a tenth of the time, nor while nobody looks, nor without a token that is wanted. */
function every(millis, look) {
  const again = async () => {
    const begun = performance.now();
    let pause = millis;
    if (!document.hidden && !state.locked) {
      try {
        pause = await look() ?? millis;
      } catch (failure) {
        if (!(failure instanceof Refused)) {
          throw failure;
        }
      } finally {
        setTimeout(again, Math.max(pause, 9 * (performance.now() - begun)));
      }
    } else {
      setTimeout(again, pause);
    }
  };
  again();
}

async function lookAtCluster() {
  try {
    state.cluster = await call('GET', '/v1/cluster');
  } catch (failure) {
    refused(failure);
    throw failure;
  }
  remember(state.cluster, Date.now());
  tell('notice', '');
  tell('connection', 'Live');
  render();
}

let lastLook = null;

async function lookAtMetrics() {
  const look = { at: performance.now(), samples: parse(await text('/metrics')) };
  if (lastLook) {
    add(between(lastLook.samples, look.samples, (look.at - lastLook.at) / 1_000));
  }
  lastLook = look;
}

let routes = null;

/** Looks at what nodes of this version may not have: their document says so. */
async function optional(path, found) {
  routes ??= (await call('GET', '/v1/openapi.json')).paths;
  return routes[path] ? found(await call('GET', path)) : null;
}

async function lookAtMigrations() {
  const list = await optional('/v1/migrations', (answer) => answer.migrations ?? []);
  state.migrations = { list };
  render();
  return list ? (list.some(running) ? LOOK_MILLIS / 2 : 2 * LOOK_MILLIS) : ABSENT_MILLIS;
}

async function lookAtUpgrades() {
  const found = await optional('/v1/upgrades', (answer) => answer);
  state.upgrades = found ? { ...found, finalizes: Boolean(routes['/v1/upgrades/finalize']) } : { nodes: null };
  render();
  return found ? LOOK_MILLIS : ABSENT_MILLIS;
}

async function lookAtAudit() {
  const from = state.auditFrom > 0 ? `from=${state.auditFrom}&` : '';
  state.audit = await call('GET', `/v1/audit?${from}limit=${AUDIT_ENTRIES}`);
  render();
}

/** Listens for good; a stream that breaks off is asked for again after a pause. */
async function listen() {
  try {
    await (state.locked ? null : stream('/v1/events', (event) => {
      state.listening = true;
      note(state, event);
      render();
    }));
  } catch (failure) {
    // Why shows where the cluster is looked at.
  }
  state.listening = false;
  render();
  setTimeout(listen, 2 * LOOK_MILLIS);
}

function lookNow() {
  state.locked = false;
  lookAtCluster().catch(() => {});
  lookAtMigrations().catch(() => {});
  lookAtUpgrades().catch(() => {});
  lookAtAudit().catch(() => {});
}

function audited(from) {
  state.auditFrom = from;
  lookAtAudit().catch(refused);
}

function theme(name) {
  if (name === 'system') {
    delete document.documentElement.dataset.theme;
  } else {
    document.documentElement.dataset.theme = name;
  }
  tell('theme', `Theme: ${name}`);
  localStorage.setItem('tidal.theme', name);
  build();
}

const HANDLERS = {
  theme: () => theme(THEMES[(THEMES.indexOf(localStorage.getItem('tidal.theme') ?? 'system') + 1) % THEMES.length]),
  token: () => actions.enterToken(lookNow),
  'audit-older': () => audited(Math.max(1, (state.audit.entries[0]?.number ?? 1) - AUDIT_ENTRIES)),
  'audit-newest': () => audited(0),
  'copy-curl': ({ request }) => copy(curl({ method: request.split(' ')[0], path: request.split(' ')[1] })),
  'copy-tidal': ({ command }) => copy(tidal(command)),
};

document.addEventListener('click', (event) => {
  const pressed = event.target.closest('[data-action]');
  if (pressed) {
    const { action, ...data } = pressed.dataset;
    (HANDLERS[action] ?? ((values) => actions.ACTIONS[action](state, values, lookNow)))(data);
  }
});

document.getElementById('tenant-filters').addEventListener('input', (event) => {
  state.filters[event.target.name] = event.target.value;
  render();
});
document.getElementById('tenant-filters').addEventListener('submit', (event) => event.preventDefault());

document.querySelectorAll('section[data-request]').forEach((section) => {
  const title = section.querySelector('h2');
  const { request, command } = section.dataset;
  const button = (action, word, data) => h('button', {
    type: 'button', class: 'small', 'data-action': action, 'aria-label': `Copy as ${word}: ${title.textContent}`, ...data,
  }, word);
  const head = h('div', { class: 'panel-head' });
  title.replaceWith(head);
  head.append(title, button('copy-curl', 'curl', { 'data-request': request }),
    ...(command ? [button('copy-tidal', 'tidal', { 'data-command': command })] : []));
});

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', build);
theme(localStorage.getItem('tidal.theme') ?? 'system');
every(LOOK_MILLIS, lookAtCluster);
every(LOOK_MILLIS, lookAtMetrics);
every(2 * LOOK_MILLIS, lookAtMigrations);
every(LOOK_MILLIS, lookAtUpgrades);
every(AUDIT_MILLIS, lookAtAudit);
listen();
