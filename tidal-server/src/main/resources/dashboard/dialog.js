// Every change is asked for twice, and shown as a request before it is made.

import { call } from './api.js';
import { curl, tidal } from './commands.js';
import { h, say } from './dom.js';
import { bytes, millis, seconds } from './format.js';

const dialog = document.getElementById('dialog');

function field({ name, label, value = '', options, hint, type = 'text' }) {
  const control = options
    ? h('select', { name }, options.map(([key, text]) => h('option', { value: key, selected: key === value }, text)))
    : h('input', { name, value, type, autocomplete: 'off', spellcheck: 'false' });
  return h('label', {}, label, control, hint && h('span', { class: 'soft' }, hint));
}

function effects(answer) {
  if (!answer.allowed) {
    return `Would be refused: ${answer.reason ?? answer.code}`;
  }
  const found = [...(answer.steps ?? []), ...(answer.effects ?? []), ...(answer.risks ?? []).map((risk) => `Risk: ${risk}`)];
  if (answer.bytes !== undefined) {
    found.unshift(`Would be allowed: ${bytes(answer.bytes)} in about ${seconds(answer.seconds)}, writes pause for ${millis(answer.max_write_pause_ms)} at most.`);
  }
  return found.length > 0 ? found.join('\n') : 'Would be allowed; nothing else changes by it.';
}

/**
 * Asks, and makes the request if that is confirmed. The request is a function of the fields' values; it throws what is wrong with them.
 * With dryRun the node can be asked before what would happen; before is told the values when they are confirmed.
 */
export function ask({ title, about, fields = [], request, command, verb, dryRun = false, before, done }) {
  const values = () => Object.fromEntries(new FormData(form));
  const preview = h('pre', { 'aria-label': 'The same in a shell' });
  const answer = h('div', { role: 'alert', class: 'lines' });
  const confirm = h('button', { type: 'submit', class: 'main' }, verb);
  const check = h('button', { type: 'button' }, 'What would happen?');
  const cancel = h('button', { type: 'button', autofocus: true }, 'Cancel');
  const form = h('form', { method: 'dialog' },
    h('h2', { id: 'dialog-title' }, title), h('p', {}, about), fields.map(field),
    preview, answer, h('div', { class: 'ends' }, cancel, dryRun && check, confirm));

  const describe = () => {
    try {
      const wanted = request(values());
      preview.textContent = [curl(wanted), command && tidal(command(values()))].filter(Boolean).join('\n');
    } catch (wrong) {
      preview.textContent = wrong.message;
    }
  };
  const attempt = async (query, then) => {
    answer.textContent = '';
    try {
      const { method, path, body } = request(values());
      then(await call(method, path + query, body));
    } catch (refused) {
      answer.textContent = `Refused: ${refused.message}`;
    }
  };
  form.addEventListener('input', describe);
  cancel.addEventListener('click', () => dialog.close());
  check.addEventListener('click', () => attempt('?dry_run=true', (result) => { answer.textContent = effects(result); }));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    confirm.disabled = true;
    before?.(values());
    await attempt('', () => {
      dialog.close();
      say(`${title}: done`);
      done?.();
    });
    confirm.disabled = false;
  });
  dialog.replaceChildren(form);
  dialog.showModal();
  describe();
}
