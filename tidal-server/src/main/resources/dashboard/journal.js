// What happens, as the node tells it, and who changed what.

import { badge, button, h } from './dom.js';
import { clock } from './format.js';

const KEPT = 200;

/** Adds an event; health is shown elsewhere. */
export function note(state, { name, data }) {
  if (name === 'health') {
    return;
  }
  state.events.unshift({ at: new Date(), name, data, number: state.heard });
  state.heard += 1;
  state.events.length = Math.min(state.events.length, KEPT);
}

function words({ name, data }) {
  if (name === 'tenant') {
    return `tenant ${data.tenant} was ${data.change}`;
  }
  if (name === 'throttled') {
    return `tenant ${data.tenant} was refused ${data.more} more`;
  }
  return Object.entries(data).map(([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : value}`).join(', ');
}

export function events(state) {
  return [
    h('p', { class: 'soft' }, state.listening ? 'Listening; the newest first.' : 'Not listening now; tries again.'),
    h('div', { class: 'log', role: 'log', 'aria-label': 'Events', tabindex: 0 }, h('ul', {}, state.events.map((event) => h('li', { 'data-key': `e${event.number}` },
      h('time', { class: 'soft number', datetime: event.at.toISOString() }, clock(event.at)), badge(event.name === 'throttled' ? 'warn' : 'plain', event.name), words(event))))),
  ];
}

function images(entry) {
  const parts = [['before', entry.before], ['after', entry.after]].filter(([, image]) => image && Object.keys(image).length > 0);
  return parts.length > 0 && h('details', {}, h('summary', {}, 'before and after'),
    parts.map(([name, image]) => h('pre', {}, `${name} ${JSON.stringify(image, null, 1)}`)));
}

export function audit(state) {
  if (!state.audit) {
    return h('p', { class: 'soft' }, 'Not known yet.');
  }
  const { entries, newest } = state.audit;
  const first = entries[0]?.number ?? 0;
  return [
    h('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'Audit log' },
      h('table', {},
        h('thead', {}, h('tr', {}, ['Number', 'When', 'Who', 'What', 'About', ''].map((name) => h('th', { scope: 'col' }, name || h('span', { class: 'visually-hidden' }, 'Result'))))),
        h('tbody', {}, [...entries].reverse().map((entry) => h('tr', { 'data-key': `a${entry.number}` },
          h('td', {}, String(entry.number)), h('td', {}, h('time', { datetime: entry.at }, entry.at.replace('T', ' ').replace(/\.\d+Z|Z/, ''))),
          h('td', {}, `${entry.who} from ${entry.from}`), h('td', {}, entry.command, images(entry)),
          h('td', {}, [entry.tenant && `tenant ${entry.tenant}`, entry.about].filter(Boolean).join(', ') || '–'),
          h('td', {}, entry.allowed ? badge('good', 'done') : [badge('bad', 'refused'), ` ${entry.reason ?? entry.refused}`])))))),
    h('p', { class: 'row' },
      button('audit-older', 'Older', {}, { disabled: first <= 1 }),
      button('audit-newest', 'Newest', {}, { disabled: state.auditFrom === 0 }),
      h('span', { class: 'soft' }, `${newest} in all; each entry's chain covers the one before.`)),
  ];
}
