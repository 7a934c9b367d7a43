// The same in a shell. A token is never part of it: curl and tidal take it from the environment.

import { token } from './api.js';
import { say } from './dom.js';

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

export function curl({ method, path, body }) {
  const words = ['curl', '-sSf'];
  if (path === '/v1/events') {
    words.push('-N');
  }
  if (method !== 'GET') {
    words.push('-X', method);
  }
  if (token.get()) {
    words.push('-H', '"Authorization: Bearer $TIDAL_TOKEN"');
  }
  if (body !== undefined) {
    words.push('-H', quoted('Content-Type: application/json'), '-d', quoted(JSON.stringify(body)));
  }
  words.push(quoted(location.origin + path));
  return words.join(' ');
}

export function tidal(command) {
  return `tidal ${command} --server ${location.origin}`;
}

/** Puts text where it can be pasted from. Without TLS a page on another machine may not use the clipboard's interface. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch (refused) {
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  say(`Copied: ${text}`);
}
